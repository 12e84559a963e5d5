// One version of a value, held by somebody who reads it over a long time: whatever becomes of the
// item, these bytes stay. A small value is a copy; of a larger one the segments it lies in are
// pinned, and each is let go as soon as the reader is past it.
//
// A pinned segment is neither overwritten nor cleaned, so what is held is memory that nothing else
// can be stored in. Shard::MayHold() says when that becomes too much.
//
// Threads: one owner. A PinnedValue must not outlive its store.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/gather_buffer.h"
#include "base/pin.h"

namespace rat_memcache::store {

class PinnedValue {
 public:
  // Up to here a copy is cheaper than to keep a segment.
  static constexpr uint32_t kCopiedMax = 16 << 10;

  uint32_t size() const { return size_; }
  uint32_t client_flags() const { return client_flags_; }
  uint64_t cas() const { return cas_; }
  // Bytes that were not taken yet.
  uint32_t left() const { return left_; }
  // Whether it holds segments; otherwise copied_bytes() of memory.
  bool pins() const { return !ranges_.empty() && ranges_.back().pin.holds(); }
  size_t copied_bytes() const { return copy_ != nullptr ? size_ : 0; }

  // Goes on behind the next `bytes`, at most left().
  void Skip(uint32_t bytes);
  // The same, and appends them; large parts are sent from where they lie.
  void AppendTo(GatherBuffer* out, uint32_t bytes);

 private:
  friend class ItemView;

  // Parts of less are copied into the text of the buffer.
  static constexpr size_t kSentFromPlaceMin = 4096;

  struct Range {
    std::string_view bytes;  // what is left of it
    Pin pin;                 // none: in copy_
  };

  void Reset(uint32_t size, uint32_t client_flags, uint64_t cas);
  // Room for a copy of all of it.
  char* TakeCopy();
  // Calls take(part, pin) for the parts of the next `bytes`.
  template <class Take>
  void Advance(uint32_t bytes, Take&& take);

  uint32_t size_ = 0;
  uint32_t client_flags_ = 0;
  uint64_t cas_ = 0;
  uint32_t left_ = 0;
  size_t next_ = 0;  // the first range that is not used up
  std::unique_ptr<char[]> copy_;
  std::vector<Range> ranges_;
};

}  // namespace rat_memcache::store
