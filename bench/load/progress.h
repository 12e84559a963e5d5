// One line on stderr that says what is going on. Silent unless stderr is a terminal.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rat_memcache::load {

class Progress {
 public:
  Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  // Erases the line.
  ~Progress();

  // What happens from now on.
  void Begin(std::string_view phase) { phase_ = phase; }
  // Requests answered so far. Cheap: mostly does nothing.
  void Count(uint64_t requests);
  void Show(std::string_view phase, uint64_t done, uint64_t all);

 private:
  // Whether it is time for another line; at most five in a second.
  bool IsDue();
  void Print(const std::string& text);

  const bool on_;
  std::string phase_;
  int64_t shown_ns_ = 0;
  uint64_t shown_requests_ = 0;
};

}  // namespace rat_memcache::load
