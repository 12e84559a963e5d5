// memcached's binary protocol: bytes in, requests out.
//
// A pure function of the bytes, however they are cut into calls. Whether a request can be
// understood is known from its header, and so is how long it is:
//   - an opcode that nobody knows becomes a kReject, and its body is thrown away;
//   - sizes that do not belong to the opcode become a kReject behind which the connection closes;
//   - a value of AsciiParser::kStreamedFrom or more comes as kBody requests as it arrives;
//   - everything else is at most that long, and comes when it is complete.
// Anything but a request where one should begin closes the connection without a word.
//
// Each request but kBody and kBodyEnd has its BinaryHeader; `noreply` means the quiet form of the
// opcode. What quiet leaves out is the business of who answers.
//
// Sources: memcached's doc/protocol-binary.txt, and the behaviour of the server where the text is
// silent.
//
// Threads: one owner.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "protocol/ascii_parser.h"
#include "protocol/binary_format.h"
#include "protocol/request.h"

namespace rat_memcache::protocol {

class BinaryParser {
 public:
  using Progress = AsciiParser::Progress;
  // memcached's; a longer body is refused from its header.
  static constexpr uint32_t kBodyMax = 1 << 30;
  // Longest name of a SASL mechanism.
  static constexpr size_t kMechanismMax = 32;

  // As AsciiParser has them.
  Progress Parse(std::string_view input, RequestBatch* batch);
  size_t wanted() const { return wanted_; }
  uint32_t body_missing() const { return state_ == State::kBody ? missing_ : 0; }

 private:
  enum class State : uint8_t {
    kHeader,
    kBody,     // inside a streamed value
    kSwallow,  // throwing bytes away
    kClosed,   // what follows has no meaning
  };

  // Each returns whether parsing can go on; if not, what was consumed so far is all there is.
  bool ParseRequest(std::string_view rest, RequestBatch* batch, Progress* progress);
  bool ParseBody(std::string_view rest, RequestBatch* batch, Progress* progress);
  bool Swallow(std::string_view rest, Progress* progress);
  // The request is answered with `status`, and nothing is parsed behind it.
  bool RejectAndClose(const char* header, binary::Status status, RequestBatch* batch,
                      Progress* progress);
  // The header is all of the request that is looked at; the body is thrown away.
  bool RejectAndSwallow(const char* header, binary::Status status, Op op, RequestBatch* batch,
                        Progress* progress);

  State state_ = State::kHeader;
  uint32_t missing_ = 0;  // bytes of the value, or of what is thrown away
  size_t wanted_ = 0;
};

}  // namespace rat_memcache::protocol
