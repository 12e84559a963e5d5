// What requests are sent to: the engine in this process (engine_target.h), or a server
// (server_target.h). Every request is a get, and a set if that missed.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "load/json_object.h"
#include "replay/request.h"

namespace rat_memcache::replay {

class Target {
 public:
  Target() = default;
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;
  virtual ~Target() = default;

  virtual Status Handle(const Request& request) = 0;
  // A second of simulated time has passed.
  virtual void Tick() {}
  // Ends what is under way; afterwards misses() is complete and Report() may be called.
  virtual Status Finish() { return Done{}; }
  // Adds what the target knows about itself.
  virtual void Report(load::JsonObject* report) const = 0;

  uint64_t misses() const { return misses_; }

 protected:
  uint64_t misses_ = 0;
};

// The values that are stored: prefixes of one text that repeats itself nowhere near, so that bytes
// from the wrong place are noticed.
class ValueText {
 public:
  ValueText() : text_(kMaxValueSize, '\0') {
    uint32_t state = 1;
    for (char& c : text_) {
      state = state * 1664525u + 1013904223u;
      c = static_cast<char>('a' + (state >> 24) % 26);
    }
  }
  std::string_view OfSize(uint32_t size) const { return std::string_view(text_).substr(0, size); }

 private:
  std::string text_;
};

}  // namespace rat_memcache::replay
