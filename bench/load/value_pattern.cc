// SPDX-License-Identifier: LGPL-3.0-or-later
#include "load/value_pattern.h"

#include <algorithm>
#include <cstring>

namespace rat_memcache::load {

ValuePattern::ValuePattern(uint32_t size_min, uint32_t size_max)
    : size_min_(size_min), size_max_(size_max), text_(kStarts + size_max, '\0') {
  Random random(0);
  std::generate(text_.begin(), text_.end(),
                [&random] { return static_cast<char>(random.Next() >> 56); });
}

char* ValuePattern::WriteStamp(char* out, uint32_t id) const {
  const uint64_t stamp = StampOf(id);
  const size_t size = std::min<size_t>(SizeOf(id), kStampSize);
  std::memcpy(out, &stamp, size);
  return out + size;
}

std::string_view ValuePattern::RestOf(uint32_t id) const {
  const size_t size = std::max<size_t>(SizeOf(id), kStampSize);
  return {TextOf(StampOf(id)), size - kStampSize};
}

bool ValuePattern::Matches(uint32_t id, size_t offset, std::string_view bytes) const {
  const uint64_t stamp = StampOf(id);
  if (offset < kStampSize) {
    const size_t size = std::min(bytes.size(), kStampSize - offset);
    if (std::memcmp(bytes.data(), reinterpret_cast<const char*>(&stamp) + offset, size) != 0) {
      return false;
    }
    bytes.remove_prefix(size);
    offset += size;
  }
  if (bytes.empty()) return true;
  if (offset + bytes.size() > size_max_) return false;
  return std::memcmp(bytes.data(), TextOf(stamp) + offset - kStampSize, bytes.size()) == 0;
}

}  // namespace rat_memcache::load
