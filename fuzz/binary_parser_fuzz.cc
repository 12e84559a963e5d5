// The binary protocol's parser: whatever the bytes, it must stay within them; and however they are
// cut, the requests must be the same.
// SPDX-License-Identifier: LGPL-3.0-or-later
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "protocol/parser.h"
#include "protocol/request_text.h"

namespace {

using namespace rat_memcache;  // NOLINT(google-build-using-namespace)

// Feeds the bytes in pieces of `piece` and returns all requests as text.
std::string Parse(std::string_view bytes, size_t piece) {
  protocol::Parser parser(protocol::Spoken::kBinary);
  protocol::RequestBatch batch;
  std::string buffer;
  std::string body;
  std::string text;
  for (size_t at = 0; at < bytes.size(); at += piece) {
    buffer.append(bytes.substr(at, piece));
    while (!buffer.empty()) {
      batch.Clear();
      const auto progress = parser.Parse(buffer, &batch);
      RAT_CHECK(progress.consumed <= buffer.size(), "more consumed than there was");
      RAT_CHECK(parser.wanted() == 0 || parser.wanted() > buffer.size() - progress.consumed,
                "what is wanted has come");
      RAT_CHECK(parser.wanted() < protocol::AsciiParser::kStreamedFrom + 1024, "too much wanted");
      for (const protocol::Request& request : batch) {
        RAT_CHECK(request.key.size() <= protocol::AsciiParser::kKeyMax, "a key is too long");
        text += TextOf(request, &body);
        // As a connection does, which looks at nothing behind it.
        if (request.binary != nullptr && request.binary->closes) return text + "close\n";
      }
      buffer.erase(0, progress.consumed);
      if (progress.close) return text + "close\n";
      if (progress.consumed == 0 && batch.empty()) break;
    }
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string whole = Parse(bytes, std::max<size_t>(size, 1));
  RAT_CHECK(Parse(bytes, 1) == whole, "byte by byte gives other requests");
  RAT_CHECK(Parse(bytes, 7) == whole, "in sevens gives other requests");
  return 0;
}
