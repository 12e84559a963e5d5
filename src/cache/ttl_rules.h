// Default and longest lives: what becomes of the expiry time that a client names.
//
// Times are seconds of the coarse clock; 0 means never.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>
#include <limits>

#include "config/ttl_options.h"

namespace rat_memcache::cache {

class TtlRules {
 public:
  explicit TtlRules(const config::TtlOptions& options)
      : default_ttl_(options.default_ttl), max_ttl_(options.max_ttl) {}

  // Whether there are any; if not, times stay as they are.
  bool any() const { return default_ttl_ != 0 || max_ttl_ != 0; }

  struct Outcome {
    uint32_t exptime;
    bool clamped;  // to the longest life
  };
  // Of a store, at the second `now`.
  Outcome ForStore(uint32_t exptime, uint32_t now) const {
    return ForTouch(exptime == 0 && default_ttl_ != 0 ? After(now, default_ttl_) : exptime, now);
  }
  // Of an item that is there already: "never" is not "none named".
  Outcome ForTouch(uint32_t exptime, uint32_t now) const {
    if (max_ttl_ == 0) return {exptime, false};
    const uint32_t latest = After(now, max_ttl_);
    const bool clamped = exptime == 0 || exptime > latest;
    return {clamped ? latest : exptime, clamped};
  }

 private:
  static uint32_t After(uint32_t now, uint32_t seconds) {
    constexpr uint32_t kEndOfTime = std::numeric_limits<uint32_t>::max() - 1;
    return seconds < kEndOfTime - now ? now + seconds : kEndOfTime;
  }

  uint32_t default_ttl_;
  uint32_t max_ttl_;
};

}  // namespace rat_memcache::cache
