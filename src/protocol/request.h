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

#include "protocol/meta_request.h"
#include "protocol/stream_request.h"

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
  // Administration: `value` has the arguments.
  kLru,
  kLruCrawler,
  kSlabs,
  kExtstore,
  kWatch,
  kShutdown,
  kRefreshCerts,
  kDebugTime,
  // The meta protocol: `meta` has the flags.
  kMetaGet,
  kMetaSet,
  kMetaDelete,
  kMetaArithmetic,
  kMetaDebug,
  kMetaNoop,
  // The streaming protocol: `stream` has the numbers.
  kStreamingGet,
  kStreamingGets,
  kSetBegin,
  kSetData,  // `value`, or kBody requests, has the payload
  kSetEnd,
  kSetAbort,
  kNoop,   // of the binary protocol
  kSasl,   // of the binary protocol: any of its three
  kLogin,  // `value`: user and password; only before anything else is understood
  kQuit,
  kBody,     // the next bytes of a streamed value
  kBodyEnd,  // all of it has come
  kReject,   // could not be understood: `reject` is the answer
};

constexpr bool IsRetrieval(Op op) { return op <= Op::kGats; }
constexpr bool IsStorage(Op op) { return (op >= Op::kSet && op <= Op::kCas) || op == Op::kMetaSet; }

constexpr bool IsMeta(Op op) { return op >= Op::kMetaGet && op <= Op::kMetaDebug; }
constexpr bool IsStreaming(Op op) { return op >= Op::kStreamingGet && op <= Op::kSetAbort; }

// Whether the requests behind it may have to wait for its reply, which is made piece by piece.
constexpr bool MayTakeLong(Op op) {
  if (op == Op::kStats) return true;  // not long, but large: each is sent before the next is made
  return op == Op::kLruCrawler || op == Op::kWatch || op == Op::kStreamingGet ||
         op == Op::kStreamingGets;
}

// The word for it in the text protocol; for logs and tests.
constexpr std::string_view WordOf(Op op) {
  constexpr std::string_view kWords[] = {"get",
                                         "gets",
                                         "gat",
                                         "gats",
                                         "set",
                                         "add",
                                         "replace",
                                         "append",
                                         "prepend",
                                         "cas",
                                         "delete",
                                         "incr",
                                         "decr",
                                         "touch",
                                         "flush_all",
                                         "stats",
                                         "version",
                                         "verbosity",
                                         "cache_memlimit",
                                         "lru",
                                         "lru_crawler",
                                         "slabs",
                                         "extstore",
                                         "watch",
                                         "shutdown",
                                         "refresh_certs",
                                         "debugtime",
                                         "mg",
                                         "ms",
                                         "md",
                                         "ma",
                                         "me",
                                         "mn",
                                         "streaming_get",
                                         "streaming_gets",
                                         "set_begin",
                                         "set_data",
                                         "set_end",
                                         "set_abort",
                                         "noop",
                                         "sasl",
                                         "login",
                                         "quit",
                                         "body",
                                         "body_end",
                                         "reject"};
  return kWords[static_cast<size_t>(op)];
}

// Why a request was not understood.
enum class Reject : uint8_t {
  kUnknownCommand,
  kBadLine,
  kBadChunk,
  kBadExptime,
  kBadDelta,
  // The meta protocol's.
  kMetaNoFlag,  // not even a letter
  kMetaBadFlag,
  kMetaDuplicateFlag,
  kMetaBadToken,
  kMetaBadInitial,
  kMetaBadDelta,
  kMetaTooManyFlags,
  kMetaOpaqueTooLong,
  kMetaBadKey,
  kMetaBadSetMode,
  kMetaBadArithmeticMode,
  kMetaBadOrDuplicateFlag,
  // Before a login.
  kUnauthenticated,
  kLoginTooLong,
};

// What a binary request says beyond a text request.
struct BinaryHeader {
  uint8_t opcode = 0;
  uint32_t opaque = 0;
  uint64_t cas = 0;
  uint64_t initial = 0;  // increment, decrement: the number of a new item
  // kReject, and a kSasl that is not well formed: the status of the answer (binary_format.h).
  uint16_t refusal = 0;
  bool closes = false;  // kReject: the connection is closed behind the answer
};

struct Request {
  Op op = Op::kReject;
  Reject reject = Reject::kUnknownCommand;
  bool noreply = false;
  // The last request of its line: of a multi-key get, the one that is followed by END.
  bool ends_line = true;
  // Storage, kSetData: the value is not in `value` but comes as kBody requests, then kBodyEnd.
  bool streamed = false;
  // kBodyEnd, kSetData: the value was followed by CRLF. kFlushAll: the time was readable. kSasl: it
  // can be looked at; otherwise binary->refusal says why not.
  bool well_formed = true;
  uint32_t client_flags = 0;
  // As the client wrote it: 0 never, up to 30 days relative, more a Unix time, negative at once. A
  // text request has 32 bits with a sign, a binary one 32 without.
  int64_t exptime = 0;
  uint32_t value_size = 0;
  // kCas: the unique; kIncr, kDecr: the delta; kVerbosity: the level.
  uint64_t number = 0;
  std::string_view key;
  // Storage: the value. kBody: bytes of it. kStats and administration: the arguments as they were
  // written.
  std::string_view value;
  // Of a meta request, a binary one, and one of the streaming protocol; they belong to the batch.
  const MetaRequest* meta = nullptr;
  const BinaryHeader* binary = nullptr;
  const StreamRequest* stream = nullptr;
};

// Requests that are parsed, prefetched and answered together.
class RequestBatch {
 public:
  static constexpr size_t kCapacity = 64;

  // Empty, and full after `lines_max` lines: a multi-key get counts as one.
  void Clear(size_t lines_max = kCapacity) {
    size_ = 0;
    lines_left_ = lines_max;
    closed_ = false;
  }
  bool full() const { return size_ == kCapacity || lines_left_ == 0 || closed_; }
  // Nothing more comes: what follows depends on what becomes of the last request.
  void Close() { closed_ = true; }
  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  // Lines that may still come before the batch is full.
  size_t lines_left() const { return lines_left_; }

  // A fresh request at the end. Only if not full().
  Request* Add() {
    requests_[size_] = Request{};
    return &requests_[size_++];
  }
  void DropLast() { --size_; }
  // The last request is a meta request, a binary one, or one of the streaming protocol.
  MetaRequest* AddMeta() {
    MetaRequest* const meta = &metas_[size_ - 1];
    meta->Clear();
    requests_[size_ - 1].meta = meta;
    return meta;
  }
  BinaryHeader* AddBinary() {
    BinaryHeader* const header = &headers_[size_ - 1];
    *header = {};
    requests_[size_ - 1].binary = header;
    return header;
  }
  StreamRequest* AddStream() {
    StreamRequest* const stream = &streams_[size_ - 1];
    *stream = {};
    requests_[size_ - 1].stream = stream;
    return stream;
  }
  // The last request is the end of its line.
  void EndLine() { --lines_left_; }

  Request* begin() { return requests_.data(); }
  Request* end() { return requests_.data() + size_; }
  Request& operator[](size_t index) { return requests_[index]; }

 private:
  std::array<Request, kCapacity> requests_;
  std::array<MetaRequest, kCapacity> metas_;
  std::array<BinaryHeader, kCapacity> headers_;
  std::array<StreamRequest, kCapacity> streams_;
  size_t size_ = 0;
  size_t lines_left_ = kCapacity;
  bool closed_ = false;
};

}  // namespace rat_memcache::protocol
