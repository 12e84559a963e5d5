// Where requests come from: a file (trace_file.h) or a formula (synthetic_trace.h).
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "base/result.h"
#include "replay/request.h"

namespace rat_memcache::replay {

class TraceSource {
 public:
  TraceSource() = default;
  TraceSource(const TraceSource&) = delete;
  TraceSource& operator=(const TraceSource&) = delete;
  virtual ~TraceSource() = default;

  // False at the end, and at the first thing that is no request: error() tells them apart.
  virtual bool Next(TraceRequest* request) = 0;
  // How far it is, from 0 to 1; 0 if nobody can know.
  virtual double Done() const = 0;
  const std::optional<Error>& error() const { return error_; }

 protected:
  bool Fail(Error error) {
    error_ = std::move(error);
    return false;
  }

 private:
  std::optional<Error> error_;
};

}  // namespace rat_memcache::replay
