// SPDX-License-Identifier: LGPL-3.0-or-later
#include "load/reply_parser.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include "protocol/binary_format.h"

namespace rat_memcache::load {
namespace {

namespace binary = protocol::binary;

// A server's line is a VALUE line (at most 250 bytes of key) or an error text.
constexpr size_t kMaxHead = 4096;
constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kClassicValue = "VALUE ";
constexpr std::string_view kMetaValue = "VA ";
constexpr size_t kFlagsBytes = 4;  // the extras of a packet with a value

struct PacketHeader {
  explicit PacketHeader(const char* from)
      : magic(binary::ReadBig<uint8_t>(from)),
        opcode(static_cast<binary::Opcode>(from[1])),
        key_bytes(binary::ReadBig<uint16_t>(from + 2)),
        extras_bytes(binary::ReadBig<uint8_t>(from + 4)),
        status(static_cast<binary::Status>(binary::ReadBig<uint16_t>(from + 6))),
        body_bytes(binary::ReadBig<uint32_t>(from + 8)),
        opaque(binary::ReadBig<uint32_t>(from + 12)) {}

  std::string Shown() const {
    return "opcode " + std::to_string(static_cast<int>(opcode)) + ", status " +
           std::to_string(static_cast<int>(status)) + ", opaque " + std::to_string(opaque) + ", " +
           std::to_string(body_bytes) + " bytes";
  }

  uint8_t magic;
  binary::Opcode opcode;
  uint32_t key_bytes;
  uint32_t extras_bytes;
  binary::Status status;
  uint32_t body_bytes;
  uint32_t opaque;
};

// What a packet that begins like this has in front of its value, as far as is known.
size_t SizeOfPacketHead(std::string_view start) {
  if (start.size() < binary::kHeaderBytes) return binary::kHeaderBytes;
  const PacketHeader header(start.data());
  return binary::kHeaderBytes + header.extras_bytes + header.key_bytes;
}

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
    if (in_value()) {
      at = TakeValue(at, end);
      if (at == nullptr) return Outcome::kBroken;
      continue;
    }
    const std::string_view rest(at, static_cast<size_t>(end - at));
    const std::string_view piece = rest.substr(0, SizeOfPiece(rest));
    at += piece.size();
    if (head_start_.empty() && IsWholeHead(piece)) [[likely]] {
      if (!TakeHead(piece)) return Outcome::kBroken;
      continue;
    }
    head_start_ += piece;
    if (head_start_.size() > kMaxHead) {
      Break("a line without an end", Shown(head_start_));
      return Outcome::kBroken;
    }
    if (IsWholeHead(head_start_)) {
      const std::string head = std::exchange(head_start_, {});
      if (!TakeHead(head)) return Outcome::kBroken;
    }
  }
  return request_ == batch_->requests().size() ? Outcome::kDone : Outcome::kMore;
}

size_t ReplyParser::SizeOfPiece(std::string_view bytes) const {
  if (is_binary()) {
    return SizeOfPacketHead(head_start_.empty() ? bytes : head_start_) - head_start_.size();
  }
  const void* const newline = std::memchr(bytes.data(), '\n', bytes.size());
  return newline == nullptr
             ? bytes.size()
             : static_cast<size_t>(static_cast<const char*>(newline) - bytes.data()) + 1;
}

bool ReplyParser::IsWholeHead(std::string_view head) const {
  return is_binary() ? head.size() == SizeOfPacketHead(head) : head.ends_with('\n');
}

bool ReplyParser::TakeHead(std::string_view head) {
  if (request_ == batch_->requests().size()) {
    return Break("a reply that nobody asked for",
                 is_binary() ? PacketHeader(head.data()).Shown() : Shown(head));
  }
  return is_binary() ? TakePacket(head) : TakeLine(head);
}

bool ReplyParser::TakeLine(std::string_view line) {
  const bool is_meta = shared_->data->protocol == Protocol::kMeta;
  if (request().kind == Batch::Kind::kGet) {
    if (line.starts_with(is_meta ? kMetaValue : kClassicValue)) {
      return is_meta ? TakeMetaValueLine(line) : TakeClassicValueLine(line);
    }
    if (line == (!is_meta ? "END\r\n" : is_quiet_run() ? "MN\r\n" : "EN\r\n")) {
      CountGet();
      FinishRequest();
      return true;
    }
  } else if (line == (is_meta ? "HD\r\n" : "STORED\r\n")) {
    ++shared_->counters->sets;
    FinishRequest();
    return true;
  }
  return TakeOther(line);
}

// VALUE <key> <flags> <bytes>\r\n
bool ReplyParser::TakeClassicValueLine(std::string_view line) {
  const size_t key_size = shared_->data->keys.size();
  const char* at = line.data() + kClassicValue.size();
  const char* const end = line.data() + line.size();
  if (static_cast<size_t>(end - at) <= key_size || at[key_size] != ' ') {
    return Break("a value of an unknown key", Shown(line));
  }
  if (!IsExpectedKey({at, key_size}))
    return Break("a value that is not next in order", Shown(line));
  at += key_size + 1;

  uint32_t flags = 0;
  const std::from_chars_result after_flags = std::from_chars(at, end, flags);
  if (after_flags.ec != std::errc{} || *after_flags.ptr != ' ') {
    return Break("a bad line", Shown(line));
  }
  uint64_t size = 0;
  const std::from_chars_result after_size = std::from_chars(after_flags.ptr + 1, end, size);
  if (after_size.ec != std::errc{} || std::string_view(after_size.ptr, end) != kLineEnd) {
    return Break("a bad line", Shown(line));
  }
  BeginValue(flags, size, line);
  return true;
}

// VA <bytes>\r\n, in a quiet run VA <bytes> k<key>\r\n
bool ReplyParser::TakeMetaValueLine(std::string_view line) {
  const char* const end = line.data() + line.size();
  uint64_t size = 0;
  const std::from_chars_result after_size =
      std::from_chars(line.data() + kMetaValue.size(), end, size);
  if (after_size.ec != std::errc{}) return Break("a bad line", Shown(line));
  std::string_view rest(after_size.ptr, end);
  if (is_quiet_run()) {
    constexpr std::string_view kKeyFlag = " k";
    const size_t key_size = shared_->data->keys.size();
    if (!rest.starts_with(kKeyFlag) || rest.size() < kKeyFlag.size() + key_size) {
      return Break("a value of an unknown key", Shown(line));
    }
    if (!IsExpectedKey(rest.substr(kKeyFlag.size(), key_size))) {
      return Break("a value that is not next in order", Shown(line));
    }
    rest.remove_prefix(kKeyFlag.size() + key_size);
  } else {
    TakeOnlyKey();
  }
  if (rest != kLineEnd) return Break("a bad line", Shown(line));
  BeginValue(0, size, line);
  return true;
}

bool ReplyParser::TakePacket(std::string_view bytes) {
  const PacketHeader header(bytes.data());
  const uint32_t in_front = header.extras_bytes + header.key_bytes;
  const bool is_ok = header.status == binary::Status::kOk;
  const bool is_get = request().kind == Batch::Kind::kGet;
  if (header.magic != binary::kReplyMagic || header.body_bytes < in_front) {
    return Break("not a reply", header.Shown());
  }
  if (is_quiet_run() && header.opcode == binary::Opcode::kNoop) {
    if (!is_ok || header.opaque != 0 || header.body_bytes != 0) {
      return Break("a bad packet", header.Shown());
    }
    CountGet();
    FinishRequest();
    return true;
  }
  if (header.opcode != (!is_get          ? binary::Opcode::kSet
                        : is_quiet_run() ? binary::Opcode::kGetKQ
                                         : binary::Opcode::kGet)) {
    return Break("an unknown reply", header.Shown());
  }
  if (is_get && is_ok) {
    const size_t key_size = is_quiet_run() ? shared_->data->keys.size() : 0;
    if (header.extras_bytes != kFlagsBytes || header.key_bytes != key_size) {
      return Break("a bad packet", header.Shown());
    }
    if (!is_quiet_run()) {
      TakeOnlyKey();
    } else if (!IsExpectedKey(bytes.substr(bytes.size() - key_size))) {
      return Break("a value that is not next in order", header.Shown());
    }
    if (header.opaque != value_id_) return Break("a reply to another request", header.Shown());
    BeginValue(binary::ReadBig<uint32_t>(bytes.data() + binary::kHeaderBytes),
               header.body_bytes - in_front, {});
    return true;
  }
  // The value, if there is one, says in words what the status says.
  compare_ = false;
  value_left_ = header.body_bytes - in_front;
  is_last_ = !is_quiet_run();
  if (is_last_ && header.opaque != batch_->ids()[first_id_]) {
    return Break("a reply to another request", header.Shown());
  }
  if (is_get && is_last_ && header.status == binary::Status::kNotFound) {
    CountGet();
  } else if (!is_get && is_ok) {
    ++shared_->counters->sets;
  } else {
    AddUnexpected(header.Shown());
  }
  if (is_last_ && !in_value()) FinishRequest();
  return true;
}

void ReplyParser::BeginValue(uint32_t flags, uint64_t size, std::string_view line) {
  compare_ = shared_->verify;
  if (compare_ && (flags != 0 || size != shared_->data->values.SizeOf(value_id_))) {
    AddWrongValue("wrong flags or size: " +
                  (line.empty() ? shared_->data->keys.Of(value_id_) : Shown(line)));
  }
  ++hits_;
  value_at_ = 0;
  value_left_ = size;
  tail_left_ = is_binary() ? 0 : kLineEnd.size();
  is_last_ = shared_->data->protocol != Protocol::kClassic && !is_quiet_run();
  if (is_last_) CountGet();
  if (is_last_ && !in_value()) FinishRequest();
}

void ReplyParser::TakeOnlyKey() {
  value_id_ = batch_->ids()[first_id_];
  key_ = 1;
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
  if (is_last_ && !in_value()) FinishRequest();
  return at;
}

// Counts what was there, and what was not.
void ReplyParser::CountGet() {
  const uint32_t keys = request().keys;
  if (shared_->collect_misses) {
    for (; key_ < keys; ++key_) {
      missed_ids_.push_back(batch_->ids()[first_id_ + key_]);
    }
  }
  shared_->counters->hits += hits_;
  shared_->counters->misses += keys - hits_;
}

void ReplyParser::FinishRequest() {
  ++shared_->counters->requests;
  shared_->counters->keys += request().keys;
  first_id_ += request().keys;
  ++request_;
  key_ = 0;
  hits_ = 0;
}

bool ReplyParser::TakeOther(std::string_view line) {
  constexpr std::string_view kEndings[] = {"ERROR\r\n", "CLIENT_ERROR ", "SERVER_ERROR ",
                                           "NOT_STORED\r\n", "NS\r\n"};
  const bool in_step = std::any_of(std::begin(kEndings), std::end(kEndings),
                                   [line](std::string_view x) { return line.starts_with(x); });
  if (!in_step) return Break("an unknown reply", Shown(line));
  AddUnexpected(Shown(line));
  if (!is_quiet_run()) FinishRequest();
  return true;
}

void ReplyParser::AddUnexpected(std::string_view text) {
  shared_->faults->Add(&shared_->faults->unexpected_replies, text);
}

// A value counts once, however wrong it is.
void ReplyParser::AddWrongValue(std::string_view text) {
  shared_->faults->Add(&shared_->faults->wrong_values, text);
  compare_ = false;
}

bool ReplyParser::Break(std::string_view what, std::string_view shown) {
  std::string text(what);
  if (!shown.empty()) text.append(": ").append(shown);
  AddUnexpected(text);
  return false;
}

}  // namespace rat_memcache::load
