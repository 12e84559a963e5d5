// SPDX-License-Identifier: LGPL-3.0-or-later
#include "store/pinned_value.h"

#include <algorithm>

#include "base/check.h"

namespace rat_memcache::store {

void PinnedValue::Reset(uint32_t size, uint32_t client_flags, uint64_t cas) {
  size_ = size;
  client_flags_ = client_flags;
  cas_ = cas;
  left_ = size;
  next_ = 0;
  copy_.reset();
  ranges_.clear();
}

char* PinnedValue::TakeCopy() {
  copy_ = std::make_unique_for_overwrite<char[]>(size_);
  ranges_.push_back({{copy_.get(), size_}, Pin()});
  return copy_.get();
}

template <class Take>
void PinnedValue::Advance(uint32_t bytes, Take&& take) {
  RAT_CHECK(bytes <= left_, "more taken of a value than there is");
  left_ -= bytes;
  while (bytes > 0) {
    Range& range = ranges_[next_];
    const auto part = range.bytes.substr(0, bytes);
    take(part, range.pin);
    range.bytes.remove_prefix(part.size());
    bytes -= static_cast<uint32_t>(part.size());
    if (range.bytes.empty()) {
      range.pin.Release();
      ++next_;
    }
  }
}

void PinnedValue::Skip(uint32_t bytes) {
  Advance(bytes, [](std::string_view, const Pin&) {});
}

void PinnedValue::AppendTo(GatherBuffer* out, uint32_t bytes) {
  Advance(bytes, [&](std::string_view part, const Pin& pin) {
    if (pin.holds() && part.size() >= kSentFromPlaceMin) {
      out->AppendPinned(part, pin.Another());
    } else {
      out->Append(part);
    }
  });
}

}  // namespace rat_memcache::store
