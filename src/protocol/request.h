// What a client asks for, whatever the protocol it was written in.
//
// Parsers turn bytes into requests, command/ carries them out, and reply writers turn the outcome
// into bytes again. A request refers to the bytes it was parsed from: it is valid until they are
// consumed.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rat_memcache::protocol {

enum class Op : uint8_t {
  kGet,   // one key each; a multi-key get is a run of these
  kGets,  // with the CAS unique
  kGat,   // get and touch
  kGats,
  kSet,
  kAdd,
  kReplace,
  kAppend,
  kPrepend,
  kCas,
  kDelete,
  kIncr,
  kDecr,
  kTouch,
  kFlushAll,
  kStats,
  kVersion,
  kVerbosity,
  kCacheMemlimit,  // `number`: MiB
  kLru,            // `value`: the arguments
  kQuit,
  kBody,     // the next bytes of a streamed value
  kBodyEnd,  // all of it has come
  kReject,   // could not be understood: `reject` is the answer
};

constexpr bool IsRetrieval(Op op) { return op <= Op::kGats; }
constexpr bool IsStorage(Op op) { return op >= Op::kSet && op <= Op::kCas; }

// The word for it in the text protocol; for logs and tests.
constexpr std::string_view WordOf(Op op) {
  constexpr std::string_view kWords[] = {
      "get",    "gets",    "gat",       "gats",           "set",
      "add",    "replace", "append",    "prepend",        "cas",
      "delete", "incr",    "decr",      "touch",          "flush_all",
      "stats",  "version", "verbosity", "cache_memlimit", "lru",
      "quit",   "body",    "body_end",  "reject"};
  return kWords[static_cast<size_t>(op)];
}

// Why a request was not understood.
enum class Reject : uint8_t {
  kUnknownCommand,
  kBadLine,
  kBadChunk,
  kBadExptime,
  kBadDelta,
};

struct Request {
  Op op = Op::kReject;
  Reject reject = Reject::kUnknownCommand;
  bool noreply = false;
  // The last request of its line: of a multi-key get, the one that is followed by END.
  bool ends_line = true;
  // Storage: the value is not in `value` but comes as kBody requests, then kBodyEnd.
  bool streamed = false;
  // kBodyEnd: the value was followed by CRLF. kFlushAll: the time was readable.
  bool well_formed = true;
  uint32_t client_flags = 0;
  // As the client wrote it: 0 never, up to 30 days relative, more a Unix time, negative at once.
  int32_t exptime = 0;
  uint32_t value_size = 0;
  // kCas: the unique; kIncr, kDecr: the delta; kVerbosity: the level.
  uint64_t number = 0;
  std::string_view key;
  // Storage: the value. kBody: bytes of it. kStats, kLru: the arguments, separated by single
  // blanks.
  std::string_view value;
};

// Requests that are parsed, prefetched and answered together.
class RequestBatch {
 public:
  static constexpr size_t kCapacity = 64;

  // Empty, and full after `lines_max` lines: a multi-key get counts as one.
  void Clear(size_t lines_max = kCapacity) {
    size_ = 0;
    lines_left_ = lines_max;
  }
  bool full() const { return size_ == kCapacity || lines_left_ == 0; }
  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  // Lines that may still come before the batch is full.
  size_t lines_left() const { return lines_left_; }

  // A fresh request at the end. Only if not full().
  Request* Add() {
    requests_[size_] = Request{};
    return &requests_[size_++];
  }
  // The last request is the end of its line.
  void EndLine() { --lines_left_; }

  Request* begin() { return requests_.data(); }
  Request* end() { return requests_.data() + size_; }
  Request& operator[](size_t index) { return requests_[index]; }

 private:
  std::array<Request, kCapacity> requests_;
  size_t size_ = 0;
  size_t lines_left_ = kCapacity;
};

}  // namespace rat_memcache::protocol
