// A request as one line of text, for tests and fuzzers.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <string>

#include "protocol/request.h"

namespace rat_memcache::protocol {

// What a binary request says beyond the others.
inline std::string TextOf(const BinaryHeader& header) {
  std::string text = " opcode=" + std::to_string(header.opcode);
  if (header.opaque != 0) text += " opaque=" + std::to_string(header.opaque);
  if (header.cas != 0) text += " cas=" + std::to_string(header.cas);
  if (header.initial != 0) text += " initial=" + std::to_string(header.initial);
  if (header.refusal != 0) text += " refusal=" + std::to_string(header.refusal);
  if (header.closes) text += " closes";
  return text;
}

// What a request of the streaming protocol says beyond the others.
inline std::string TextOf(const StreamRequest& stream) {
  const auto number = [](uint64_t n) {
    return n == StreamRequest::kNoNumber ? std::string("?") : std::to_string(n);
  };
  std::string text;
  if (stream.chunk_size) text += " chunk_size=" + number(*stream.chunk_size);
  if (stream.first_chunk != 0) text += " first=" + number(stream.first_chunk);
  if (stream.cas) text += " cas=" + number(*stream.cas);
  if (stream.total_size != 0) text += " total=" + number(stream.total_size);
  if (stream.chunk_count != 0) text += " count=" + number(stream.chunk_count);
  if (stream.chunk_number != 0) text += " chunk=" + number(stream.chunk_number);
  if (stream.bad_line) text += " bad_line";
  return text;
}

// For example "set k flags=1 exptime=0 value=abc noreply". Bodies of streamed values are collected
// in `*body` and shown with their kBodyEnd, so that the text does not depend on how they were cut.
inline std::string TextOf(const Request& request, std::string* body) {
  if (request.op == Op::kBody) {
    body->append(request.value);
    return {};
  }
  std::string text(WordOf(request.op));
  if (request.binary != nullptr) text += TextOf(*request.binary);
  if (request.op == Op::kReject && request.binary != nullptr) return text + "\n";
  if (request.op == Op::kReject) {
    if (request.noreply) return {};
    return text + std::to_string(static_cast<int>(request.reject)) + "\n";
  }
  if (request.op == Op::kBodyEnd) {
    text += (request.well_formed ? " ok " : " bad ") + *body;
    body->clear();
    return text + "\n";
  }
  if (!request.key.empty()) text += " " + std::string(request.key);
  if (request.client_flags != 0) text += " flags=" + std::to_string(request.client_flags);
  if (request.exptime != 0) text += " exptime=" + std::to_string(request.exptime);
  if (request.number != 0) text += " number=" + std::to_string(request.number);
  if (IsStorage(request.op) || request.op == Op::kSetData) {
    text += request.streamed ? " streamed=" + std::to_string(request.value_size)
                             : " value=" + std::string(request.value);
  } else if (!request.value.empty()) {
    text += " args=" + std::string(request.value);
  }
  if (request.meta != nullptr) text += " flags=" + std::string(request.meta->flags);
  if (request.stream != nullptr) text += TextOf(*request.stream);
  if (!request.well_formed) text += " malformed";
  if (request.noreply) text += " noreply";
  if (!request.ends_line) text += " ...";
  return text + "\n";
}

}  // namespace rat_memcache::protocol
