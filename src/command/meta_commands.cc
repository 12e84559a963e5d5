// SPDX-License-Identifier: LGPL-3.0-or-later
#include "command/meta_commands.h"

#include <cstring>
#include <string_view>

#include "base/base64.h"
#include "base/decimal.h"
#include "command/item_report.h"
#include "protocol/ascii_reply.h"

namespace rat_memcache::command {
namespace {

namespace ascii = protocol::ascii;
using cache::CountResult;
using cache::CountStatus;
using cache::DeleteStatus;
using cache::FetchEffects;
using cache::FetchRequest;
using cache::Found;
using cache::ItemView;
using cache::Key;
using cache::PutMode;
using cache::PutRequest;
using cache::PutResult;
using cache::PutStatus;
using observe::Count;
using protocol::MetaRequest;
using protocol::Request;

// Flags as in MetaRequest::seen.
constexpr uint64_t BitsOf(std::string_view letters) {
  uint64_t bits = 0;
  for (const char letter : letters) {
    bits |= uint64_t{1} << (letter - 'A');
  }
  return bits;
}
bool HasAny(const MetaRequest& meta, uint64_t bits) { return (meta.seen & bits) != 0; }

// What a reply line may take: twenty numbers, a key in base64, an opaque, and the marks.
constexpr size_t kLineMax = 1024;

// One reply line, written into room for kLineMax bytes.
class Line {
 public:
  Line(char* at, std::string_view code) : begin_(at), at_(at) { Text(code); }

  void Flag(char letter) {
    *at_++ = ' ';
    *at_++ = letter;
  }
  void Number(char letter, uint64_t number) {
    Flag(letter);
    at_ = WriteDecimal(at_, number);
  }
  void Value(uint64_t size) {
    *at_++ = ' ';
    at_ = WriteDecimal(at_, size);
  }
  // Seconds until the item dies; -1: it does not.
  void TimeLeft(uint32_t exptime, uint32_t now) {
    Flag('t');
    if (exptime == 0) return Text("-1");
    at_ = WriteDecimal(at_, exptime > now ? exptime - now : 0);
  }
  void Opaque(std::string_view token) {
    Flag('O');
    Text(token);
  }
  // As it stands in the request, or as it is stored.
  void WireKey(const MetaRequest& meta) {
    Flag('k');
    Text(meta.wire_key);
    if (meta.base64()) Flag('b');
  }
  void StoredKey(std::string_view key, bool base64) {
    Flag('k');
    if (!base64) return Text(key);
    at_ = WriteBase64(at_, key);
    Flag('b');
  }
  void EndOfLine() { at_ = ascii::WriteEndOfLine(at_); }
  char* end() const { return at_; }
  size_t size() const { return static_cast<size_t>(at_ - begin_); }

 private:
  void Text(std::string_view text) {
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }

  char* const begin_;
  char* at_;
};

// A line that has nothing but what the request itself contains.
void AppendEcho(std::string_view code, const MetaRequest& meta, GatherBuffer* out) {
  Line line(out->Reserve(kLineMax), code);
  protocol::ForEachMetaFlag(meta.flags, [&](char letter, std::string_view token) {
    if (letter == 'O') line.Opaque(token);
    if (letter == 'k') line.WireKey(meta);
  });
  line.EndOfLine();
  out->Commit(line.size());
}

bool StandsBefore(char first, char second, std::string_view flags) {
  char seen = 0;
  protocol::ForEachMetaFlag(flags, [&](char letter, std::string_view) {
    if (seen == 0 && (letter == first || letter == second)) seen = letter;
  });
  return seen == first;
}

// What Fetch() would say of a hit that changed nothing.
FetchEffects EffectsOfRead(const ItemView& item) {
  return {.won_before = item.win_sent(),
          .exptime_before = item.exptime(),
          .fetched_before = item.fetched(),
          .idle_seconds_before = item.idle_seconds()};
}

void WriteShownFlags(const Request& request, const ItemView& item, const FetchEffects& effects,
                     uint32_t now, Line* line) {
  bool new_time = false;  // T comes into effect where it stands
  protocol::ForEachMetaFlag(request.meta->flags, [&](char letter, std::string_view token) {
    switch (letter) {
      case 's':
        return line->Number('s', item.value_size());
      case 'f':
        return line->Number('f', item.client_flags());
      case 'c':
        return line->Number('c', item.cas());
      case 't':
        return line->TimeLeft(new_time ? item.exptime() : effects.exptime_before, now);
      case 'T':
        new_time = true;
        return;
      case 'h':
        return line->Number('h', effects.fetched_before ? 1 : 0);
      case 'l':
        return line->Number('l', effects.idle_seconds_before);
      case 'k':
        return line->StoredKey(request.key, item.base64_key());
      case 'O':
        return line->Opaque(token);
      default:
        return;
    }
  });
}

// `effects`: null if the item was only read.
void WriteHitFlags(const Request& request, const ItemView& item, const FetchEffects* effects,
                   uint32_t now, Line* line) {
  if (HasAny(*request.meta, BitsOf("sfcthlkO"))) {
    WriteShownFlags(request, item, effects != nullptr ? *effects : EffectsOfRead(item), now, line);
  }
  if (effects != nullptr ? effects->won_before : item.win_sent()) line->Flag('Z');
  if (item.stale()) line->Flag('X');
  if (effects != nullptr && effects->won) line->Flag('W');
}

// The reply to a hit. What lies in the buffer counts when it is committed; a pinned value commits
// itself, and leaves 2 bytes to be committed. Returns the bytes to commit.
size_t WriteHit(const Request& request, const ItemView& item, const FetchEffects* effects,
                uint32_t now, GatherBuffer* out) {
  const MetaRequest& meta = *request.meta;
  const bool with_value = meta.Has('v') && !(meta.Has('C') && item.cas() == meta.compare_cas);
  const uint32_t size = item.value_size();
  const bool pinned = with_value && size >= ItemView::kPinnedFrom;
  char* const begin = out->Reserve(kLineMax + (with_value && !pinned ? size : 0) + 2);
  Line line(begin, with_value ? "VA" : "HD");
  if (with_value) line.Value(size);
  WriteHitFlags(request, item, effects, now, &line);
  line.EndOfLine();
  if (!with_value) return line.size();
  if (pinned) {
    out->Commit(line.size());
    item.PinValueInto(out);
    ascii::WriteEndOfLine(out->Reserve(2));
    return 2;
  }
  item.CopyValueTo(line.end());
  return static_cast<size_t>(ascii::WriteEndOfLine(line.end() + size) - begin);
}

}  // namespace

void MetaCommands::Get(const Request& request, const Key& key, GatherBuffer* out) {
  const MetaRequest& meta = *request.meta;
  Found found;
  if (HasAny(meta, BitsOf("NTR"))) {
    found = Fetch(request, key, nullptr, out);
  } else {
    const uint32_t now = context_->cache->Now();
    // May run several times (store/shard.h): what it writes counts only when it is committed.
    size_t written = 0;
    ThreadContext::Hit found_item;
    std::optional<ReadBefore> to_be_won;
    const auto visit = [&](const ItemView& item) {
      to_be_won.reset();
      if (item.stale() && !item.win_sent()) {
        // Somebody has to be told, and that is written down.
        to_be_won = {item.fetched(), item.idle_seconds()};
        return;
      }
      found_item.Note(item);
      written = WriteHit(request, item, nullptr, now, out);
    };
    found = meta.Has('u') ? context_->cache->Peek(key, visit) : context_->cache->Get(key, visit);
    if (found == Found::kHit && to_be_won) {
      found = Fetch(request, key, &*to_be_won, out);
    } else {
      if (found == Found::kHit) out->Commit(written);
      context_->NoteGet(request.key, found, found_item);
    }
  }
  if (found != Found::kHit && !meta.quiet()) AppendEcho("EN", meta, out);
}

Found MetaCommands::Fetch(const Request& request, const Key& key, const ReadBefore* before,
                          GatherBuffer* out) {
  const MetaRequest& meta = *request.meta;
  const bool touches = meta.Has('T');
  FetchRequest fetch{.key = key, .counts_as_use = !meta.Has('u') && before == nullptr};
  if (touches) fetch.exptime = context_->Exptime(meta.exptime);
  if (meta.Has('R')) {
    fetch.recache_before = context_->Exptime(meta.recache_exptime);
    // Flags come into effect where they stand.
    fetch.recache_after_touch = touches && StandsBefore('T', 'R', meta.flags);
  }
  if (meta.Has('N')) {
    fetch.create = {.exptime = context_->Exptime(meta.create_exptime),
                    .is_final = touches && StandsBefore('T', 'N', meta.flags)};
    if (meta.Has('E')) fetch.create->cas = meta.new_cas;
  }
  const uint32_t now = context_->cache->Now();
  ThreadContext::Hit found_item;
  const Found found =
      context_->cache->Fetch(fetch, [&](const ItemView& item, FetchEffects effects) {
        found_item.Note(item);
        if (before != nullptr) {
          effects.fetched_before = before->fetched;
          effects.idle_seconds_before = before->idle_seconds;
        }
        out->Commit(WriteHit(request, item, &effects, now, out));
      });
  if (touches && found == Found::kHit) {
    context_->NoteTouch(request.key, found, found_item);
  } else {
    context_->NoteGet(request.key, found, found_item);
  }
  return found;
}

void MetaCommands::Delete(const Request& request, const Key& key, GatherBuffer* out) {
  const MetaRequest& meta = *request.meta;
  cache::DeleteRequest removal{.key = key,
                               .mark_stale = meta.Has('I'),
                               .empty_value = meta.Has('x'),
                               .client_flags = meta.client_flags};
  if (meta.Has('C')) removal.compare_cas = meta.compare_cas;
  if (meta.Has('T')) removal.exptime = context_->Exptime(meta.exptime);
  if (meta.Has('E')) removal.new_cas = meta.new_cas;
  const auto echo = [&](std::string_view code) { AppendEcho(code, meta, out); };
  const cache::DeleteResult result = context_->cache->Delete(removal);
  if (!removal.mark_stale || result.status != DeleteStatus::kDone)
    context_->NoteDelete(request.key, result, "md");
  switch (result.status) {
    case DeleteStatus::kDone:
      if (!meta.quiet()) echo("HD");
      return;
    case DeleteStatus::kNotFound:
      return echo("NF");
    case DeleteStatus::kExists:
      if (removal.empty_value) context_->counters->Add(Count::kDeleteMisses);  // says memcached
      return echo("EX");
    case DeleteStatus::kNoMemory:
      return out->Append(ascii::kNoMemory);
  }
}

void MetaCommands::Arithmetic(const Request& request, const Key& key, GatherBuffer* out) {
  const MetaRequest& meta = *request.meta;
  const bool up = meta.mode == 0 || meta.mode == 'I' || meta.mode == '+';
  cache::CountRequest count{.key = key,
                            .delta = meta.delta,
                            .direction = up ? cache::Direction::kUp : cache::Direction::kDown};
  if (meta.Has('C')) count.compare_cas = meta.compare_cas;
  if (meta.Has('T')) count.exptime = context_->Exptime(meta.exptime);
  if (meta.Has('E')) count.new_cas = meta.new_cas;
  if (meta.Has('N')) {
    count.create = {.number = meta.initial, .exptime = context_->Exptime(meta.create_exptime)};
  }
  const CountResult result = context_->cache->Count(count);
  context_->NoteNumber(request.key, result, up);
  switch (result.status) {
    case CountStatus::kCounted:
      break;
    case CountStatus::kCreated:
      break;
    case CountStatus::kNotFound:
      return AppendEcho("NF", meta, out);
    case CountStatus::kExists:
      return AppendEcho("EX", meta, out);
    case CountStatus::kNotANumber:
      return out->Append(ascii::kNotANumber);
    case CountStatus::kNoMemory:
      return out->Append(count.create ? ascii::kNoMemoryForNewItem : ascii::kNoMemory);
  }
  if (meta.quiet()) return;
  char digits[kMaxDecimalDigits];
  const auto size = static_cast<size_t>(WriteDecimal(digits, result.value) - digits);
  const uint32_t now = context_->cache->Now();
  Line line(out->Reserve(kLineMax), meta.Has('v') ? "VA" : "HD");
  if (meta.Has('v')) line.Value(size);
  bool new_time = false;  // T comes into effect where it stands
  protocol::ForEachMetaFlag(meta.flags, [&](char letter, std::string_view token) {
    switch (letter) {
      case 'c':
        return line.Number('c', result.cas);
      case 't':
        return line.TimeLeft(new_time ? result.exptime : result.exptime_before, now);
      case 'T':
        new_time = true;
        return;
      case 'k':
        return line.WireKey(meta);
      case 'O':
        return line.Opaque(token);
      default:
        return;
    }
  });
  line.EndOfLine();
  out->Commit(line.size());
  if (meta.Has('v')) {
    out->Append({digits, size});
    out->Append("\r\n");
  }
}

void MetaCommands::Debug(const Request& request, const Key& key, GatherBuffer* out) {
  context_->counters->Add(Count::kCmdMeta);
  ItemReport report;
  const Found found = context_->cache->Peek(
      key, [&](const ItemView& item) { report = ReportOf(item, request.key, *context_->shared); });
  if (found != Found::kHit) return out->Append("EN\r\n");
  const uint32_t now = context_->cache->Now();
  const std::string left =
      report.exptime == 0 ? "-1" : std::to_string(static_cast<int64_t>(report.exptime) - now);
  out->Append("ME ");
  out->Append(request.key);
  out->Append(" exp=" + left + " la=" + std::to_string(report.idle_seconds) +
              " cas=" + std::to_string(report.cas) + " fetch=" + (report.fetched ? "yes" : "no") +
              " cls=" + std::to_string(report.item_class) + " size=" + std::to_string(report.size) +
              "\r\n");
}

void meta::FillPut(const MetaRequest& meta, const ThreadContext& context, PutRequest* put) {
  switch (meta.mode) {
    case 'E':
      put->mode = PutMode::kAdd;
      break;
    case 'A':
      put->mode = PutMode::kAppend;
      break;
    case 'P':
      put->mode = PutMode::kPrepend;
      break;
    case 'R':
      put->mode = PutMode::kReplace;
      break;
    default:
      put->mode = PutMode::kSet;
      break;
  }
  const bool adds_to_value = put->mode == PutMode::kAppend || put->mode == PutMode::kPrepend;
  if (meta.Has('C') && put->mode != PutMode::kAdd) put->compare_cas = meta.compare_cas;
  if (meta.Has('E') && meta.new_cas != 0) put->new_cas = meta.new_cas;
  put->stale_over_newer =
      meta.Has('I') && meta.Has('C') && !adds_to_value && put->mode != PutMode::kAdd;
  if (meta.Has('N') && adds_to_value) put->create_exptime = context.Exptime(meta.create_exptime);
  put->base64_key = meta.base64();
}

void meta::AnswerPut(const Request& request, PutResult result, GatherBuffer* out) {
  const MetaRequest& meta = *request.meta;
  const bool stored = result.status == PutStatus::kStored;
  if (stored && meta.quiet()) return;
  const std::string_view code = stored                                  ? "HD"
                                : result.status == PutStatus::kExists   ? "EX"
                                : result.status == PutStatus::kNotFound ? "NF"
                                                                        : "NS";
  Line line(out->Reserve(kLineMax), code);
  protocol::ForEachMetaFlag(meta.flags, [&](char letter, std::string_view token) {
    switch (letter) {
      case 'c':
        return line.Number('c', result.cas);
      case 's':
        return line.Number('s', stored ? result.value_size : request.value_size);
      case 'k':
        return line.WireKey(meta);
      case 'O':
        return line.Opaque(token);
      default:
        return;
    }
  });
  line.EndOfLine();
  out->Commit(line.size());
}

}  // namespace rat_memcache::command
