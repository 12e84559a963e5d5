// The lines of a `stats` reply: `STAT name value`, or packets of the binary protocol.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "base/gather_buffer.h"
#include "protocol/ascii_reply.h"
#include "protocol/binary_reply.h"

namespace rat_memcache::command {

// One whole reply: names and values and an End(), or one of the other ends.
class StatLines {
 public:
  explicit StatLines(GatherBuffer* out) : out_(out) {}
  // Packets that answer `request`, which outlives this.
  StatLines(GatherBuffer* out, const protocol::BinaryHeader& request)
      : out_(out), request_(&request) {}

  void Add(std::string_view name, std::string_view value) {
    if (request_ == nullptr) {
      protocol::ascii::AppendStat(out_, name, value);
    } else {
      protocol::binary::AppendReply(*request_, {.key = name, .value = value}, out_);
    }
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
  void EndWith(std::string_view text) {
    if (request_ == nullptr) {
      out_->Append(text);
    } else {
      protocol::binary::AppendReply(*request_, {}, out_);
    }
  }
  // The whole list is one text, which ends as the text protocol wants it. The binary protocol has a
  // name for it.
  void EndWithBlock(std::string_view name, std::string_view text) {
    if (request_ == nullptr) {
      out_->Append(text);
    } else {
      Add(name, text);
      End();
    }
  }
  // There is no such thing. `text`: what the text protocol says.
  void Refuse(std::string_view text) {
    if (request_ == nullptr) {
      out_->Append(text);
    } else {
      protocol::binary::AppendError(*request_, protocol::binary::Status::kNotFound, out_);
    }
  }

 private:
  GatherBuffer* const out_;
  const protocol::BinaryHeader* const request_ = nullptr;  // null: text
};

}  // namespace rat_memcache::command
