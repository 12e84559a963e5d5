// SPDX-License-Identifier: LGPL-3.0-or-later
#include "load/reply_parser.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

namespace rat_memcache::load {
namespace {

// A server's line is a VALUE line (at most 250 bytes of key) or an error text.
constexpr size_t kMaxLine = 4096;
constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kValue = "VALUE ";

// Without its line end and at most as long as fits a message.
std::string Shown(std::string_view line) {
  constexpr size_t kMaxShown = 200;
  while (!line.empty() && kLineEnd.find(line.back()) != std::string_view::npos) {
    line.remove_suffix(1);
  }
  return std::string(line.substr(0, kMaxShown));
}

}  // namespace

void ReplyParser::Begin(const Batch* batch) {
  batch_ = batch;
  request_ = 0;
  first_id_ = 0;
  key_ = 0;
  hits_ = 0;
}

ReplyParser::Outcome ReplyParser::Consume(std::string_view bytes) {
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  while (at != end) {
    if (tail_left_ > 0) {
      at = TakeValue(at, end);
      if (at == nullptr) return Outcome::kBroken;
      continue;
    }
    const void* const found = std::memchr(at, '\n', static_cast<size_t>(end - at));
    const char* const line_end = found != nullptr ? static_cast<const char*>(found) + 1 : end;
    const std::string_view piece(at, static_cast<size_t>(line_end - at));
    at = line_end;
    if (found != nullptr && line_start_.empty()) [[likely]] {
      if (!TakeLine(piece)) return Outcome::kBroken;
      continue;
    }
    line_start_ += piece;
    if (line_start_.size() > kMaxLine) {
      Break("a line without an end", line_start_);
      return Outcome::kBroken;
    }
    if (found != nullptr) {
      const std::string line = std::exchange(line_start_, {});
      if (!TakeLine(line)) return Outcome::kBroken;
    }
  }
  return request_ == batch_->requests().size() ? Outcome::kDone : Outcome::kMore;
}

bool ReplyParser::TakeLine(std::string_view line) {
  if (request_ == batch_->requests().size()) return Break("a reply that nobody asked for", line);
  if (batch_->requests()[request_].kind == Batch::Kind::kGet) {
    if (line == "END\r\n") {
      FinishGet();
      return true;
    }
    if (line.starts_with(kValue)) return TakeValueLine(line);
  } else if (line == "STORED\r\n") {
    ++shared_->counters->sets;
    FinishRequest();
    return true;
  }
  return TakeOther(line);
}

// VALUE <key> <flags> <bytes>\r\n
bool ReplyParser::TakeValueLine(std::string_view line) {
  const size_t key_size = shared_->data->keys.size();
  const char* at = line.data() + kValue.size();
  const char* const end = line.data() + line.size();
  if (static_cast<size_t>(end - at) <= key_size || at[key_size] != ' ') {
    return Break("a value of an unknown key", line);
  }
  if (!IsExpectedKey({at, key_size})) return Break("a value that is not next in order", line);
  at += key_size + 1;

  uint32_t flags = 0;
  const std::from_chars_result after_flags = std::from_chars(at, end, flags);
  if (after_flags.ec != std::errc{} || *after_flags.ptr != ' ') return Break("a bad line", line);
  const std::from_chars_result after_size = std::from_chars(after_flags.ptr + 1, end, value_left_);
  if (after_size.ec != std::errc{} || std::string_view(after_size.ptr, end) != kLineEnd) {
    return Break("a bad line", line);
  }
  compare_ = shared_->verify;
  if (compare_ && (flags != 0 || value_left_ != shared_->data->values.SizeOf(value_id_))) {
    AddWrongValue("wrong flags or size: " + Shown(line));
  }
  ++hits_;
  value_at_ = 0;
  tail_left_ = kLineEnd.size();
  return true;
}

// Walks to the key among those that are still expected; the ones it passes were not there.
bool ReplyParser::IsExpectedKey(std::string_view key) {
  const uint32_t keys = batch_->requests()[request_].keys;
  for (; key_ < keys; ++key_) {
    value_id_ = batch_->ids()[first_id_ + key_];
    char expected[KeyText::kMaxSize];
    if (!shared_->any_key) shared_->data->keys.Write(expected, value_id_);
    if (shared_->any_key || std::memcmp(key.data(), expected, key.size()) == 0) {
      ++key_;
      return true;
    }
    if (shared_->collect_misses) missed_ids_.push_back(value_id_);
  }
  return false;
}

const char* ReplyParser::TakeValue(const char* at, const char* end) {
  const uint64_t size = std::min<uint64_t>(value_left_, static_cast<uint64_t>(end - at));
  if (compare_ && !shared_->data->values.Matches(value_id_, value_at_, {at, size})) {
    AddWrongValue("wrong bytes in the value of " + shared_->data->keys.Of(value_id_));
  }
  value_at_ += size;
  value_left_ -= size;
  at += size;
  for (; value_left_ == 0 && tail_left_ > 0 && at != end; --tail_left_, ++at) {
    if (*at != kLineEnd[kLineEnd.size() - tail_left_]) {
      Break("no line end behind the value of " + shared_->data->keys.Of(value_id_), {});
      return nullptr;
    }
  }
  return at;
}

void ReplyParser::FinishGet() {
  const Batch::Request& request = batch_->requests()[request_];
  if (shared_->collect_misses) {
    for (; key_ < request.keys; ++key_) {
      missed_ids_.push_back(batch_->ids()[first_id_ + key_]);
    }
  }
  shared_->counters->hits += hits_;
  shared_->counters->misses += request.keys - hits_;
  FinishRequest();
}

void ReplyParser::FinishRequest() {
  const Batch::Request& request = batch_->requests()[request_];
  ++shared_->counters->requests;
  shared_->counters->keys += request.keys;
  first_id_ += request.keys;
  ++request_;
  key_ = 0;
  hits_ = 0;
}

bool ReplyParser::TakeOther(std::string_view line) {
  constexpr std::string_view kEndings[] = {"ERROR\r\n", "CLIENT_ERROR ", "SERVER_ERROR ",
                                           "NOT_STORED\r\n"};
  const bool in_step = std::any_of(std::begin(kEndings), std::end(kEndings),
                                   [line](std::string_view x) { return line.starts_with(x); });
  if (!in_step) return Break("an unknown reply", line);
  shared_->faults->Add(&shared_->faults->unexpected_replies, Shown(line));
  FinishRequest();
  return true;
}

// A value counts once, however wrong it is.
void ReplyParser::AddWrongValue(std::string_view text) {
  shared_->faults->Add(&shared_->faults->wrong_values, text);
  compare_ = false;
}

bool ReplyParser::Break(std::string_view what, std::string_view line) {
  std::string text(what);
  if (!line.empty()) text += ": " + Shown(line);
  shared_->faults->Add(&shared_->faults->unexpected_replies, text);
  return false;
}

}  // namespace rat_memcache::load
