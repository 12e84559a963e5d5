// The text protocol's parser: whatever the bytes, it must stay within them; and however they are
// cut, the requests must be the same.
// SPDX-License-Identifier: LGPL-3.0-or-later
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "protocol/ascii_parser.h"
#include "protocol/request_text.h"

namespace {

using namespace rat_memcache;  // NOLINT(google-build-using-namespace)

// Feeds the bytes in pieces of `piece` and returns all requests as text.
std::string Parse(std::string_view bytes, size_t piece) {
  protocol::AsciiParser parser;
  protocol::RequestBatch batch;
  std::string buffer;
  std::string body;
  std::string text;
  for (size_t at = 0; at < bytes.size(); at += piece) {
    buffer.append(bytes.substr(at, piece));
    for (;;) {
      batch.Clear();
      const auto progress = parser.Parse(buffer, &batch);
      RAT_CHECK(progress.consumed <= buffer.size(), "more consumed than there was");
      for (const protocol::Request& request : batch) {
        RAT_CHECK(request.key.size() <= protocol::AsciiParser::kKeyMax, "a key is too long");
        text += TextOf(request, &body);
      }
      buffer.erase(0, progress.consumed);
      if (progress.close) return text + "close\n";
      if (progress.consumed == 0 && batch.empty()) break;
    }
  }
  return text;
}

bool HasLongLine(std::string_view bytes) {
  while (!bytes.empty()) {
    const size_t end = std::min(bytes.find('\n'), bytes.size());
    if (end > protocol::AsciiParser::kShortLineMax - 1) return true;
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string whole = Parse(bytes, std::max<size_t>(size, 1));
  // Lines that long are cut off depending on how they arrive, as in memcached (ascii_parser.h).
  if (HasLongLine(bytes)) return 0;
  RAT_CHECK(Parse(bytes, 1) == whole, "byte by byte gives other requests");
  RAT_CHECK(Parse(bytes, 7) == whole, "in sevens gives other requests");
  return 0;
}
