// Outcome of a control call (open, bind, parse options): a value, or an error for a human.
//
// Not for the data path, where a miss is an outcome and not an error.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "base/check.h"

namespace rat_memcache {

// What failed, where, and what to do next. `exit_code` is what a program should end with; the
// values are sysexits.h's, which memcached uses too.
struct Error {
  std::string message;
  int exit_code = 1;
};

inline constexpr int kExitUsage = 64;
inline constexpr int kExitNoUser = 67;
inline constexpr int kExitOs = 71;

// A T or an Error. Access to the one that is not there is a bug and aborts.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return value_.has_value(); }
  const T& value() const& {
    RAT_CHECK(ok(), "value of a failed Result");
    return *value_;
  }
  T& value() & {
    RAT_CHECK(ok(), "value of a failed Result");
    return *value_;
  }
  T&& value() && {
    RAT_CHECK(ok(), "value of a failed Result");
    return std::move(*value_);
  }
  const Error& error() const {
    RAT_CHECK(!ok(), "error of a Result that holds a value");
    return error_;
  }

 private:
  std::optional<T> value_;
  Error error_;
};

// The same for a call that gives nothing back.
struct Done {};
using Status = Result<Done>;

}  // namespace rat_memcache
