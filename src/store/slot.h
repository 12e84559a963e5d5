// One index slot: eight bytes that say where an item lies and what the eviction policies know of
// it.
//
//   63       62            61..60  59..52  51..48  47..30  29..0
//   fetched  spare         pool    stamp   freq    tag     location
//
//   location  counts 8-byte units inside the shard's arena (8 GiB); 0 is no location
//   tag       the low 18 bits of the key's hash; it also decides the bucket (index.h)
//   freq      saturating count of hits
//   stamp     coarse tick of the last hit or store; a tick is 1/32 of the shard's turnover
//   pool      queue of segments the item lies in
//
// A word of 0 is an empty slot.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>

namespace rat_memcache::store {

// The bits that hits change and policies read; the same for all policies, so that the policy can be
// changed while items stay where they are.
struct SlotMeta {
  uint8_t freq = 0;  // 0 .. kMaxFreq
  uint8_t stamp = 0;
  uint8_t pool = 0;  // 0 .. 3
  bool fetched = false;

  static constexpr uint8_t kMaxFreq = 15;
};

class Slot {
 public:
  static constexpr int kLocationBits = 30;
  static constexpr int kTagBits = 18;
  static constexpr uint64_t kTagMask = (uint64_t{1} << kTagBits) - 1;

  constexpr Slot() = default;
  constexpr explicit Slot(uint64_t word) : word_(word) {}
  constexpr Slot(uint32_t location, uint32_t tag, SlotMeta meta)
      : word_(location | uint64_t{tag} << kTagShift | MetaBits(meta)) {}

  constexpr uint64_t word() const { return word_; }
  constexpr bool empty() const { return word_ == 0; }
  constexpr uint32_t location() const {
    return static_cast<uint32_t>(word_ & ((uint64_t{1} << kLocationBits) - 1));
  }
  constexpr uint32_t tag() const { return static_cast<uint32_t>(word_ >> kTagShift & kTagMask); }
  // Quicker than comparing tag(). True also of an empty slot if `tag` is 0.
  constexpr bool HasTag(uint32_t tag) const {
    return ((word_ ^ uint64_t{tag} << kTagShift) & kTagMask << kTagShift) == 0;
  }
  constexpr uint8_t freq() const { return static_cast<uint8_t>(word_ >> kFreqShift & 0xf); }
  constexpr uint8_t stamp() const { return static_cast<uint8_t>(word_ >> kStampShift); }
  constexpr int pool() const { return static_cast<int>(word_ >> kPoolShift & 3); }
  constexpr bool fetched() const { return (word_ >> kFetchedShift) != 0; }
  constexpr SlotMeta meta() const {
    return {freq(), stamp(), static_cast<uint8_t>(pool()), fetched()};
  }

  constexpr Slot WithLocation(uint32_t location) const {
    return Slot((word_ & ~((uint64_t{1} << kLocationBits) - 1)) | location);
  }
  constexpr Slot WithMeta(SlotMeta meta) const {
    return Slot((word_ & ((uint64_t{1} << kFreqShift) - 1)) | MetaBits(meta));
  }
  // After a hit at `tick`.
  constexpr Slot Touched(uint8_t tick) const {
    uint64_t word = word_ & ~(uint64_t{0xff} << kStampShift);
    word |= uint64_t{tick} << kStampShift | uint64_t{1} << kFetchedShift;
    if (freq() < SlotMeta::kMaxFreq) word += uint64_t{1} << kFreqShift;
    return Slot(word);
  }
  // Whether Touched() would change what policies read; false on nearly every hit of a hot item.
  constexpr bool NeedsTouch(uint8_t tick) const {
    return freq() < SlotMeta::kMaxFreq || stamp() != tick || !fetched();
  }

 private:
  static constexpr int kTagShift = kLocationBits;
  static constexpr int kFreqShift = kTagShift + kTagBits;
  static constexpr int kStampShift = kFreqShift + 4;
  static constexpr int kPoolShift = kStampShift + 8;
  static constexpr int kFetchedShift = 63;
  static_assert(kPoolShift + 2 < kFetchedShift);

  static constexpr uint64_t MetaBits(SlotMeta meta) {
    return uint64_t{meta.freq} << kFreqShift | uint64_t{meta.stamp} << kStampShift |
           uint64_t{meta.pool} << kPoolShift | uint64_t{meta.fetched} << kFetchedShift;
  }

  uint64_t word_ = 0;
};

}  // namespace rat_memcache::store
