// memcached's text protocol, classic, meta and streaming: bytes in, requests out.
//
// A pure function of the bytes: no sockets, no clock, no store. However the bytes are cut into
// calls, the requests are the same, with one exception that is memcached's own: a line of more than
// 2048 bytes (other than a get or gets) is served if its end was presented together with its
// beginning, and closes the connection otherwise.
//
// What may grow without a bound in the protocol does not grow here:
//   - a value larger than kStreamedFrom is not collected; it comes as kBody requests as it arrives;
//   - the keys of a get come in batches; only the line itself has to be complete, as in memcached, and
//     its length is limited by kLineMax.
//
// Sources: memcached's doc/protocol.txt, and the behaviour of the server where the text is silent.
//
// Threads: one owner.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "protocol/request.h"

namespace rat_memcache::protocol {

class AsciiParser {
 public:
  static constexpr size_t kKeyMax = 250;
  // A longer line must be a get, or have arrived at once.
  static constexpr size_t kShortLineMax = 2048;
  // Longest line of a get: 200,000 keys of 250 bytes and then some.
  static constexpr size_t kLineMax = size_t{64} << 20;
  // Longest user and password of a login.
  static constexpr size_t kLoginMax = 16384;
  // Values from this size on are streamed.
  static constexpr uint32_t kStreamedFrom = 32 << 10;

  struct Progress {
    size_t consumed = 0;
    // The connection is to be closed, without a word, after the requests before this were answered.
    bool close = false;
  };

  // Parses requests from the front of `input` until `batch` is full or nothing more is complete.
  // What was not consumed must be presented again, with more bytes behind it.
  Progress Parse(std::string_view input, RequestBatch* batch);

  // Whether nothing is understood but a login: `set <any> <any> <any> <n>`, and a user and a
  // password behind it. Each comes as a kLogin request, which is the last one of its batch.
  void RequireLogin(bool required) { login_required_ = required; }

  // Whether the commands of the streaming protocol are known.
  void AllowStreaming(bool allowed) { streaming_ = allowed; }

  // Bytes that the unconsumed input must have before the next call can do anything; 0 if unknown
  // (the end of a line has not been seen).
  size_t wanted() const { return wanted_; }

  // While a value is being streamed: how many bytes of it are still to come.
  uint32_t body_missing() const { return state_ == State::kBody ? body_missing_ : 0; }

 private:
  enum class State : uint8_t {
    kLine,
    kKeys,     // inside the key list of a get; the whole line is there and was checked
    kBody,     // inside a streamed value
    kBodyEnd,  // expecting the CRLF behind it
    kSwallow,  // throwing bytes away
  };

  // The common case first: whole lines of `get` and one key. Returns the bytes of those in front.
  static size_t ParseShortGets(std::string_view rest, RequestBatch* batch);
  // The same for `mg`, one key, and flags that are nothing but letters.
  static size_t ParseShortMetaGets(std::string_view rest, RequestBatch* batch);
  // Each returns whether parsing can go on; if not, what was consumed so far is all there is.
  bool ParseLine(std::string_view rest, RequestBatch* batch, Progress* progress);
  bool ParseKeys(std::string_view rest, RequestBatch* batch, Progress* progress);
  bool ParseBody(std::string_view rest, RequestBatch* batch, Progress* progress);
  bool ParseBodyEnd(std::string_view rest, RequestBatch* batch, Progress* progress);
  bool Swallow(std::string_view rest, Progress* progress);
  // No end of line in `rest`: wait for it, or close.
  bool WaitForLine(std::string_view rest, Progress* progress);
  bool ParseStorage(Op op, std::string_view line, std::string_view behind, size_t line_bytes,
                    RequestBatch* batch, Progress* progress);
  bool ParseMetaSet(std::string_view line, std::string_view behind, size_t line_bytes,
                    RequestBatch* batch, Progress* progress);
  bool ParseStreaming(Op op, std::string_view line, std::string_view behind, size_t line_bytes,
                      RequestBatch* batch, Progress* progress);
  bool ParseLogin(std::string_view rest, RequestBatch* batch, Progress* progress);
  // The value of a storage request, which `behind` begins with.
  void TakeValue(std::string_view behind, uint32_t value_size, Request* request,
                 RequestBatch* batch, Progress* progress);
  // Goes on behind the line and its value, which is thrown away.
  void SwallowValue(size_t line_bytes, uint32_t value_size, Progress* progress);
  // Whether a request can be made of a value of this size: it is streamed, or has come.
  bool HasCome(std::string_view behind, size_t line_bytes, uint32_t value_size);
  bool BeginKeys(Op op, std::string_view line, size_t keys_at, size_t line_bytes,
                 RequestBatch* batch, Progress* progress);

  State state_ = State::kLine;
  bool login_required_ = false;
  bool streaming_ = true;
  Op keys_op_ = Op::kGet;
  int32_t keys_exptime_ = 0;
  size_t keys_left_ = 0;  // bytes of the line, end of line included
  uint32_t body_missing_ = 0;
  uint32_t swallow_left_ = 0;
  size_t scanned_ = 0;  // bytes of the unconsumed input that are known to hold no end of line
  size_t wanted_ = 0;
};

}  // namespace rat_memcache::protocol
