// SPDX-License-Identifier: LGPL-3.0-or-later
#include "protocol/ascii_parser.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "base/decimal.h"
#include "base/find_byte.h"
#include "base/small_bytes.h"
#include "protocol/meta_parser.h"

namespace rat_memcache::protocol {
namespace {

// memcached looks at no more words of a line than this; keys of a get are not counted.
constexpr size_t kTokensMax = 23;
// Leading blanks that a long get line may have.
constexpr size_t kLeadingBlanksMax = 100;
constexpr uint32_t kValueSizeMax = 2147483645;  // INT32_MAX less the CRLF
constexpr size_t kShortestLine = 4;             // end of line included
constexpr size_t kEndOfData = 2;                // the CRLF behind a value

struct Tokens {
  std::array<std::string_view, kTokensMax> words;
  size_t count = 0;

  explicit Tokens(std::string_view line) {
    const char* at = line.data();
    const char* const end = at + line.size();
    while (count < kTokensMax) {
      while (at < end && *at == ' ') {
        ++at;
      }
      if (at == end) break;
      const char* const word = at;
      at = FindEither(at, end, ' ', ' ');
      words[count++] = {word, static_cast<size_t>(at - word)};
    }
  }
  std::string_view last() const { return words[count - 1]; }
  bool noreply() const { return last() == "noreply"; }
};

std::optional<Op> OpOf(std::string_view word) {
  struct Entry {
    std::string_view word;
    Op op;
  };
  static constexpr Entry kWords[] = {{"get", Op::kGet},
                                     {"set", Op::kSet},
                                     {"gets", Op::kGets},
                                     {"delete", Op::kDelete},
                                     {"incr", Op::kIncr},
                                     {"add", Op::kAdd},
                                     {"touch", Op::kTouch},
                                     {"gat", Op::kGat},
                                     {"gats", Op::kGats},
                                     {"cas", Op::kCas},
                                     {"decr", Op::kDecr},
                                     {"mg", Op::kMetaGet},
                                     {"ms", Op::kMetaSet},
                                     {"md", Op::kMetaDelete},
                                     {"ma", Op::kMetaArithmetic},
                                     {"mn", Op::kMetaNoop},
                                     {"me", Op::kMetaDebug},
                                     {"replace", Op::kReplace},
                                     {"append", Op::kAppend},
                                     {"prepend", Op::kPrepend},
                                     {"stats", Op::kStats},
                                     {"version", Op::kVersion},
                                     {"flush_all", Op::kFlushAll},
                                     {"verbosity", Op::kVerbosity},
                                     {"cache_memlimit", Op::kCacheMemlimit},
                                     {"lru", Op::kLru},
                                     {"lru_crawler", Op::kLruCrawler},
                                     {"slabs", Op::kSlabs},
                                     {"extstore", Op::kExtstore},
                                     {"watch", Op::kWatch},
                                     {"shutdown", Op::kShutdown},
                                     {"refresh_certs", Op::kRefreshCerts},
                                     {"debugtime", Op::kDebugTime},
                                     {"quit", Op::kQuit}};
  for (const Entry& entry : kWords) {
    if (entry.word.size() == word.size() &&
        EqualBytes(entry.word.data(), word.data(), word.size())) {
      return entry.op;
    }
  }
  return std::nullopt;
}

void AddReject(RequestBatch* batch, Reject reject) {
  batch->Add()->reject = reject;
  batch->EndLine();
}

// The bytes of a value that the word announces, if it is a number of bytes at all.
std::optional<uint32_t> ReadValueSize(std::string_view word) {
  const auto size = ParseStrict<int32_t>(word);
  if (!size || *size < 0 || static_cast<uint32_t>(*size) > kValueSizeMax) return std::nullopt;
  return static_cast<uint32_t>(*size);
}

bool AnyTooLong(std::string_view keys) {
  if (keys.size() <= AsciiParser::kKeyMax) return false;
  for (size_t at = 0; at < keys.size();) {
    const size_t end = std::min(keys.find(' ', at), keys.size());
    if (end - at > AsciiParser::kKeyMax) return true;
    at = end + 1;
  }
  return false;
}

// The bit in MetaRequest::seen for a flag of `mg` that has no token and changes nothing but the
// reply; 0 for other letters.
uint64_t BitOfPlainFlag(char letter) {
  constexpr uint64_t kPlain = [] {
    uint64_t bits = 0;
    for (const char plain : std::string_view("cfhklqstuv")) {
      bits |= uint64_t{1} << (plain - 'A');
    }
    return bits;
  }();
  return letter < 'A' || letter > 'z' ? 0 : kPlain & uint64_t{1} << (letter - 'A');
}

// Commands of one line that have no value and one key at most. What is wrong with the line, if
// anything, is put into the request.
void ParseSimple(Op op, std::string_view line, RequestBatch* batch) {
  Tokens tokens(line);
  Request* const request = batch->Add();
  MetaRequest* const meta = IsMeta(op) ? batch->AddMeta() : nullptr;
  request->op = op;
  const auto reject = [&](Reject why) {
    request->op = Op::kReject;
    request->reject = why;
  };
  const auto take_key = [&](size_t tokens_min) {
    request->noreply = tokens.count >= tokens_min && tokens.noreply();
    if (tokens.count < tokens_min || tokens.words[1].size() > AsciiParser::kKeyMax) {
      reject(Reject::kBadLine);
      return false;
    }
    request->key = tokens.words[1];
    return true;
  };
  switch (op) {
    case Op::kDelete:
      take_key(2);
      return;
    case Op::kIncr:
    case Op::kDecr:
      if (!take_key(3)) return;
      if (const auto delta = ParseStrict<uint64_t>(tokens.words[2])) {
        request->number = *delta;
      } else {
        reject(Reject::kBadDelta);
      }
      return;
    case Op::kTouch:
      if (!take_key(3)) return;
      if (const auto exptime = ParseStrict<int32_t>(tokens.words[2])) {
        request->exptime = *exptime;
      } else {
        reject(Reject::kBadExptime);
      }
      return;
    case Op::kFlushAll:
      request->noreply = tokens.noreply();
      if (tokens.count == 1 || (tokens.count == 2 && request->noreply)) return;
      if (const auto exptime = ParseStrict<int32_t>(tokens.words[1])) {
        request->exptime = *exptime;
      } else {
        request->well_formed = false;
      }
      return;
    case Op::kVerbosity: {
      if (tokens.count < 2) return reject(Reject::kBadLine);
      request->noreply = tokens.noreply();
      if (const auto level = ParseStrict<uint32_t>(tokens.words[1])) {
        request->number = *level;
      } else {
        reject(Reject::kBadLine);
      }
      return;
    }
    case Op::kCacheMemlimit: {
      request->noreply = tokens.noreply();
      const auto megabytes =
          tokens.count < 2 ? std::nullopt : ParseStrict<uint32_t>(tokens.words[1]);
      if (!megabytes) return reject(Reject::kUnknownCommand);
      request->number = *megabytes;
      return;
    }
    case Op::kMetaGet:
    case Op::kMetaDelete:
    case Op::kMetaArithmetic:
    case Op::kMetaDebug:
      if (tokens.count < 2) return reject(Reject::kBadLine);
      // memcached looks at a flag of this one only if another word follows.
      if (op == Op::kMetaDebug && tokens.count == 3) tokens.count = 2;
      if (const auto wrong = ParseMeta({tokens.words.data(), tokens.count}, 2, request, meta)) {
        reject(*wrong);
      }
      return;
    case Op::kStats:
    case Op::kLru:
    case Op::kLruCrawler:
    case Op::kSlabs:
    case Op::kExtstore:
    case Op::kWatch:
    case Op::kShutdown:
    case Op::kDebugTime:
      // The arguments, from the first to the last.
      if (tokens.count > 1) {
        const char* const from = tokens.words[1].data();
        request->value = {from,
                          static_cast<size_t>(tokens.last().data() - from) + tokens.last().size()};
      }
      return;
    default:  // version, quit, mn
      return;
  }
}

}  // namespace

AsciiParser::Progress AsciiParser::Parse(std::string_view input, RequestBatch* batch) {
  Progress progress;
  wanted_ = 0;
  for (bool go_on = true; go_on && !progress.close;) {
    std::string_view rest = input;
    rest.remove_prefix(progress.consumed);
    switch (state_) {
      case State::kLine:
        go_on = login_required_ ? ParseLogin(rest, batch, &progress)
                                : ParseLine(rest, batch, &progress);
        break;
      case State::kKeys:
        go_on = ParseKeys(rest, batch, &progress);
        break;
      case State::kBody:
        go_on = ParseBody(rest, batch, &progress);
        break;
      case State::kBodyEnd:
        go_on = ParseBodyEnd(rest, batch, &progress);
        break;
      case State::kSwallow:
        go_on = Swallow(rest, &progress);
        break;
    }
  }
  return progress;
}

bool AsciiParser::WaitForLine(std::string_view rest, Progress* progress) {
  scanned_ = rest.size();
  if (rest.size() <= kShortLineMax) return false;
  // Only the key list of a get may be long. The line gets the benefit of a few leading blanks,
  // though it will turn out to be no command then.
  const size_t blanks = std::min(rest.find_first_not_of(' '), rest.size());
  const std::string_view command = rest.substr(blanks);
  const bool is_get = command.starts_with("get ") || command.starts_with("gets ");
  progress->close = blanks > kLeadingBlanksMax || !is_get || rest.size() > kLineMax;
  return false;
}

size_t AsciiParser::ParseShortGets(std::string_view rest, RequestBatch* batch) {
  constexpr size_t kWordBytes = 4;
  const char* const begin = rest.data();
  const char* const end = begin + rest.size();
  const char* at = begin;
  while (static_cast<size_t>(end - at) > kWordBytes && std::memcmp(at, "get ", kWordBytes) == 0 &&
         !batch->full()) {
    const char* const key = at + kWordBytes;
    const char* const newline = FindEither(key, end, ' ', '\n');
    if (newline == end || *newline == ' ') break;
    const char* const key_end = newline[-1] == '\r' ? newline - 1 : newline;
    if (key_end == key || static_cast<size_t>(key_end - key) > kKeyMax) break;
    Request* const request = batch->Add();
    request->op = Op::kGet;
    request->key = {key, static_cast<size_t>(key_end - key)};
    batch->EndLine();
    at = newline + 1;
  }
  return static_cast<size_t>(at - begin);
}

size_t AsciiParser::ParseShortMetaGets(std::string_view rest, RequestBatch* batch) {
  constexpr size_t kWordBytes = 3;
  const char* const begin = rest.data();
  const char* const end = begin + rest.size();
  const char* line = begin;
  while (static_cast<size_t>(end - line) > kWordBytes &&
         std::memcmp(line, "mg ", kWordBytes) == 0 && !batch->full()) {
    const char* const key = line + kWordBytes;
    const char* const key_end = FindEither(key, end, ' ', '\n');
    if (key_end == key || static_cast<size_t>(key_end - key) > kKeyMax) break;
    // A flag is a blank and a letter. What is left is the end of the line, or something else.
    uint64_t seen = 0;
    const char* at = key_end;
    for (; end - at > 2 && *at == ' '; at += 2) {
      const uint64_t flag = BitOfPlainFlag(at[1]);
      if (flag == 0 || (seen & flag) != 0) break;
      seen |= flag;
    }
    if (seen == 0) break;
    const char* const flags_end = at;
    if (*at == '\r' && end - at > 1) ++at;
    if (*at != '\n') break;
    Request* const request = batch->Add();
    MetaRequest* const meta = batch->AddMeta();
    request->op = Op::kMetaGet;
    request->key = meta->wire_key = {key, static_cast<size_t>(key_end - key)};
    meta->flags = {key_end + 1, static_cast<size_t>(flags_end - key_end) - 1};
    meta->seen = seen;
    batch->EndLine();
    line = at + 1;
  }
  return static_cast<size_t>(line - begin);
}

bool AsciiParser::ParseLine(std::string_view rest, RequestBatch* batch, Progress* progress) {
  if (scanned_ == 0 || progress->consumed > 0) {
    const size_t gets = ParseShortGets(rest, batch);
    rest.remove_prefix(gets);
    const size_t meta_gets = ParseShortMetaGets(rest, batch);
    rest.remove_prefix(meta_gets);
    progress->consumed += gets + meta_gets;
  }
  if (rest.empty() || batch->full()) return false;
  // At the front of the input, what the last call has searched need not be searched again.
  const size_t from = progress->consumed == 0 ? std::min(scanned_, rest.size()) : 0;
  const void* const newline = std::memchr(rest.data() + from, '\n', rest.size() - from);
  if (newline == nullptr) return WaitForLine(rest, progress);
  scanned_ = 0;
  const size_t line_bytes =
      static_cast<size_t>(static_cast<const char*>(newline) - rest.data()) + 1;
  std::string_view line = rest.substr(0, line_bytes - 1);
  if (line.ends_with('\r')) line.remove_suffix(1);

  if (line_bytes < kShortestLine) {
    AddReject(batch, Reject::kBadLine);
    progress->consumed += line_bytes;
    return true;
  }
  const size_t word_end = std::min(line.find(' '), line.size());
  const std::optional<Op> op = OpOf(line.substr(0, word_end));
  if (!op) {
    if (Tokens tokens(line); tokens.count > 0 && tokens.last().starts_with("HTTP/")) {
      progress->close = true;
      return false;
    }
    AddReject(batch, Reject::kUnknownCommand);
    progress->consumed += line_bytes;
    return true;
  }
  if (IsRetrieval(*op)) return BeginKeys(*op, line, word_end, line_bytes, batch, progress);
  if (op == Op::kMetaSet) {
    return ParseMetaSet(line, rest.substr(line_bytes), line_bytes, batch, progress);
  }
  if (IsStorage(*op)) {
    return ParseStorage(*op, line, rest.substr(line_bytes), line_bytes, batch, progress);
  }
  ParseSimple(*op, line, batch);
  batch->EndLine();
  if (MayTakeLong(*op)) batch->Close();
  progress->consumed += line_bytes;
  return true;
}

bool AsciiParser::BeginKeys(Op op, std::string_view line, size_t keys_at, size_t line_bytes,
                            RequestBatch* batch, Progress* progress) {
  keys_exptime_ = 0;
  const bool touches = op == Op::kGat || op == Op::kGats;
  std::string_view exptime;
  if (touches) {
    const size_t at = std::min(line.find_first_not_of(' ', keys_at), line.size());
    keys_at = std::min(line.find(' ', at), line.size());
    exptime = line.substr(at, keys_at - at);
  }
  keys_at = std::min(line.find_first_not_of(' ', keys_at), line.size());
  std::optional<Reject> wrong;
  if (keys_at == line.size()) {
    wrong = Reject::kBadLine;
  } else if (touches && !ParseStrict<int32_t>(exptime)) {
    wrong = Reject::kBadExptime;
  } else if (AnyTooLong(line.substr(keys_at))) {
    wrong = Reject::kBadLine;
  }
  if (wrong) {
    AddReject(batch, *wrong);
    progress->consumed += line_bytes;
    return true;
  }
  if (touches) keys_exptime_ = *ParseStrict<int32_t>(exptime);
  keys_op_ = op;
  keys_left_ = line_bytes - keys_at;
  progress->consumed += keys_at;
  state_ = State::kKeys;
  return true;
}

// `rest` begins with a key: the line was found to have one, and blanks are skipped behind each.
bool AsciiParser::ParseKeys(std::string_view rest, RequestBatch* batch, Progress* progress) {
  // The end of the line without its CRLF or LF.
  const size_t line_end = keys_left_ - (keys_left_ >= 2 && rest[keys_left_ - 2] == '\r' ? 2 : 1);
  const char* const data = rest.data();
  size_t at = 0;
  bool done = false;
  while (!done && !batch->full()) {
    const char* const blank = FindEither(data + at, data + line_end, ' ', ' ');
    const auto key_end = static_cast<size_t>(blank - data);
    Request* const request = batch->Add();
    request->op = keys_op_;
    request->exptime = keys_exptime_;
    request->key = rest.substr(at, key_end - at);
    at = key_end;
    while (at < line_end && data[at] == ' ') {
      ++at;
    }
    done = at == line_end;
    request->ends_line = done;
  }
  if (done) {
    batch->EndLine();
    progress->consumed += keys_left_;
    keys_left_ = 0;
    state_ = State::kLine;
  } else {
    progress->consumed += at;
    keys_left_ -= at;
  }
  return done;
}

bool AsciiParser::HasCome(std::string_view behind, size_t line_bytes, uint32_t value_size) {
  if (value_size >= kStreamedFrom || behind.size() >= value_size + kEndOfData) return true;
  wanted_ = line_bytes + value_size + kEndOfData;
  return false;
}

void AsciiParser::TakeValue(std::string_view behind, uint32_t value_size, Request* request,
                            RequestBatch* batch, Progress* progress) {
  request->value_size = value_size;
  batch->EndLine();
  if (value_size >= kStreamedFrom) {
    request->streamed = true;
    body_missing_ = value_size;
    state_ = State::kBody;
    return;
  }
  request->value = behind.substr(0, value_size);
  progress->consumed += value_size + kEndOfData;
  if (behind.substr(value_size, kEndOfData) != "\r\n") {
    request->op = Op::kReject;  // noreply silences it, but it counts as a store
    request->reject = Reject::kBadChunk;
  }
}

void AsciiParser::SwallowValue(size_t line_bytes, uint32_t value_size, Progress* progress) {
  progress->consumed += line_bytes;
  swallow_left_ = value_size + kEndOfData;
  state_ = State::kSwallow;
}

bool AsciiParser::ParseStorage(Op op, std::string_view line, std::string_view behind,
                               size_t line_bytes, RequestBatch* batch, Progress* progress) {
  const Tokens tokens(line);
  const auto value_size = tokens.count < 5 ? std::nullopt : ReadValueSize(tokens.words[4]);
  if (!value_size) {
    // The length of the value is unknown, so what follows is read as commands.
    AddReject(batch, Reject::kBadLine);
    progress->consumed += line_bytes;
    return true;
  }
  const auto client_flags = ParseLenientUnsigned(tokens.words[2]);
  const auto exptime = ParseLenientSigned(tokens.words[3]);
  const auto cas = op == Op::kCas ? ParseStrict<uint64_t>(tokens.words[5]) : uint64_t{0};
  const bool noreply = tokens.noreply();
  if (tokens.words[1].size() > kKeyMax || !client_flags || !exptime || !cas) {
    if (!noreply) AddReject(batch, Reject::kBadLine);
    SwallowValue(line_bytes, *value_size, progress);
    return true;
  }
  if (!HasCome(behind, line_bytes, *value_size)) return false;

  Request* const request = batch->Add();
  request->op = op;
  request->noreply = noreply;
  request->key = tokens.words[1];
  request->client_flags =
      static_cast<uint32_t>(*client_flags);           // cut to 32 bits, as memcached does
  request->exptime = static_cast<int32_t>(*exptime);  // the same
  request->number = *cas;
  progress->consumed += line_bytes;
  TakeValue(behind, *value_size, request, batch, progress);
  return true;
}

bool AsciiParser::ParseMetaSet(std::string_view line, std::string_view behind, size_t line_bytes,
                               RequestBatch* batch, Progress* progress) {
  const Tokens tokens(line);
  const auto value_size = tokens.count < 3 ? std::nullopt : ReadValueSize(tokens.words[2]);
  if (!value_size) {
    AddReject(batch, Reject::kBadLine);
    progress->consumed += line_bytes;
    return true;
  }
  Request* const request = batch->Add();
  request->op = Op::kMetaSet;
  MetaRequest* const meta = batch->AddMeta();
  if (const auto wrong = ParseMeta({tokens.words.data(), tokens.count}, 3, request, meta)) {
    request->op = Op::kReject;
    request->reject = *wrong;
    batch->EndLine();
    if (*wrong == Reject::kMetaNoFlag) {
      progress->consumed += line_bytes;  // memcached does not get as far as the length
    } else {
      SwallowValue(line_bytes, *value_size, progress);
    }
    return true;
  }
  if (!HasCome(behind, line_bytes, *value_size)) {
    batch->DropLast();
    return false;
  }
  request->exptime = meta->exptime;
  request->client_flags = meta->client_flags;
  progress->consumed += line_bytes;
  TakeValue(behind, *value_size, request, batch, progress);
  return true;
}

bool AsciiParser::ParseLogin(std::string_view rest, RequestBatch* batch, Progress* progress) {
  constexpr size_t kShortestLogin = 6;  // of a line, CR included
  // Who is to judge a login must do so before the next is looked at.
  if (batch->full()) return false;
  const size_t newline = rest.find('\n');
  if (newline == std::string_view::npos) {
    progress->close = rest.size() > kShortLineMax;
    return false;
  }
  const size_t line_bytes = newline + 1;
  if (newline < kShortestLogin) {
    progress->close = true;
    return false;
  }
  std::string_view line = rest.substr(0, newline);
  if (line.ends_with('\r')) line.remove_suffix(1);
  const Tokens tokens(line);
  const auto size = tokens.count >= 5 && tokens.words[0] == "set"
                        ? ParseStrict<uint32_t>(tokens.words[4])
                        : std::nullopt;
  if (!size || *size > kLoginMax) {
    AddReject(batch, size ? Reject::kLoginTooLong : Reject::kUnauthenticated);
    progress->consumed += line_bytes;
    return true;
  }
  const size_t whole = line_bytes + *size + kEndOfData;
  if (rest.size() < whole) {
    wanted_ = whole;
    return false;
  }
  progress->consumed += whole;
  Request* const request = batch->Add();
  request->op = Op::kLogin;
  request->well_formed = rest.substr(whole - kEndOfData, kEndOfData) == "\r\n";
  request->value = rest.substr(line_bytes, *size);
  batch->EndLine();
  batch->Close();
  return true;
}

bool AsciiParser::ParseBody(std::string_view rest, RequestBatch* batch, Progress* progress) {
  if (rest.empty() || batch->full()) return false;
  Request* const request = batch->Add();
  request->op = Op::kBody;
  request->value = rest.substr(0, body_missing_);
  body_missing_ -= static_cast<uint32_t>(request->value.size());
  progress->consumed += request->value.size();
  if (body_missing_ == 0) state_ = State::kBodyEnd;
  return true;
}

bool AsciiParser::ParseBodyEnd(std::string_view rest, RequestBatch* batch, Progress* progress) {
  if (rest.size() < kEndOfData || batch->full()) return false;
  Request* const request = batch->Add();
  request->op = Op::kBodyEnd;
  request->well_formed = rest.starts_with("\r\n");
  progress->consumed += kEndOfData;
  state_ = State::kLine;
  return true;
}

bool AsciiParser::Swallow(std::string_view rest, Progress* progress) {
  const size_t taken = std::min<size_t>(rest.size(), swallow_left_);
  swallow_left_ -= static_cast<uint32_t>(taken);
  progress->consumed += taken;
  if (swallow_left_ > 0) return false;
  state_ = State::kLine;
  return true;
}

}  // namespace rat_memcache::protocol
