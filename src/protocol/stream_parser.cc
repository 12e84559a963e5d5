// SPDX-License-Identifier: LGPL-3.0-or-later
#include "protocol/stream_parser.h"

#include <cstddef>

#include "base/decimal.h"
#include "protocol/ascii_parser.h"

namespace rat_memcache::protocol {
namespace {

using Words = std::span<const std::string_view>;

// Words of a command, itself and its key included.
struct Shape {
  size_t words_min;
  size_t words_max;  // without a `noreply`
  bool has_noreply;
};

Shape ShapeOf(Op op) {
  switch (op) {
    case Op::kSetBegin:
      return {.words_min = 5, .words_max = 6, .has_noreply = true};
    case Op::kSetData:
      return {.words_min = 4, .words_max = 4, .has_noreply = true};
    case Op::kSetEnd:
    case Op::kSetAbort:
      return {.words_min = 2, .words_max = 2, .has_noreply = true};
    default:  // kStreamingGet, kStreamingGets
      return {.words_min = 2, .words_max = 5, .has_noreply = false};
  }
}

bool ReadNumber(std::string_view word, uint64_t* out) {
  const auto number = ParseStrict<uint64_t>(word);
  if (number) *out = *number;
  return number.has_value();
}

bool ReadDownload(Words words, StreamRequest* stream) {
  if (words.size() > 2) {
    stream->chunk_size = ParseStrict<uint64_t>(words[2]).value_or(StreamRequest::kNoNumber);
  }
  if (words.size() > 3) {
    stream->first_chunk = ParseStrict<uint64_t>(words[3]).value_or(StreamRequest::kNoNumber);
  }
  if (words.size() > 4) {
    stream->cas = ParseStrict<uint64_t>(words[4]);
    return stream->cas.has_value();
  }
  return true;
}

// Flags and exptime as in `set`.
bool ReadBegin(Words words, Request* request, StreamRequest* stream) {
  const auto client_flags = ParseLenientUnsigned(words[4]);
  const auto exptime = words.size() > 5 ? ParseLenientSigned(words[5]) : int64_t{0};
  if (!ReadNumber(words[2], &stream->total_size) || !ReadNumber(words[3], &stream->chunk_count) ||
      !client_flags || !exptime) {
    return false;
  }
  request->client_flags = static_cast<uint32_t>(*client_flags);
  request->exptime = static_cast<int32_t>(*exptime);
  return true;
}

}  // namespace

bool ParseStream(Words words, Request* request, StreamRequest* stream) {
  const Shape shape = ShapeOf(request->op);
  // The last word may be read as `noreply` only if the line has as many as it may have.
  const bool noreply =
      shape.has_noreply && words.size() > shape.words_min && words.back() == "noreply";
  const size_t count = words.size() - (noreply ? 1 : 0);
  if (count < shape.words_min || count > shape.words_max) return false;
  request->noreply = noreply;
  if (words[1].size() > AsciiParser::kKeyMax) return false;
  request->key = words[1];
  words = words.first(count);
  switch (request->op) {
    case Op::kSetBegin:
      return ReadBegin(words, request, stream);
    case Op::kSetData:  // the length is for who reads the payload
      return ReadNumber(words[2], &stream->chunk_number);
    case Op::kSetEnd:
    case Op::kSetAbort:
      return true;
    default:
      return ReadDownload(words, stream);
  }
}

}  // namespace rat_memcache::protocol
