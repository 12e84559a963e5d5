// The lines of a `stats` reply.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "base/gather_buffer.h"
#include "protocol/ascii_reply.h"

namespace rat_memcache::command {

// One `STAT name value` line after the other.
class StatLines {
 public:
  explicit StatLines(GatherBuffer* out) : out_(out) {}

  void Add(std::string_view name, std::string_view value) {
    protocol::ascii::AppendStat(out_, name, value);
  }
  void Add(std::string_view name, uint64_t value) { Add(name, std::to_string(value)); }
  void AddYesNo(std::string_view name, bool value) { Add(name, value ? "yes" : "no"); }
  // `<seconds>.<6 digits>`
  void AddSeconds(std::string_view name, int64_t microseconds) {
    char text[48];
    std::snprintf(text, sizeof text, "%lld.%06lld",
                  static_cast<long long>(microseconds / 1'000'000),
                  static_cast<long long>(microseconds % 1'000'000));
    Add(name, text);
  }
  // With four digits behind the point.
  void AddFraction(std::string_view name, double value) {
    char text[48];
    std::snprintf(text, sizeof text, "%.4f", value);
    Add(name, text);
  }
  void End() { EndWith(protocol::ascii::kEnd); }

  // There is nothing to list, but something was done. Only text has a word for that.
  void EndWith(std::string_view text) { out_->Append(text); }
  // There is no such thing. `text`: what the text protocol says.
  void Refuse(std::string_view text) { out_->Append(text); }
  // Lines that have another form than name and value, each with its end of line. A packet calls
  // them `name`.
  void AddText(std::string_view /*name*/, std::string_view text) { out_->Append(text); }

 private:
  GatherBuffer* const out_;
};

}  // namespace rat_memcache::command
