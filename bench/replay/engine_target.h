// Replays against the memory tier, in this process: no sockets, and time passes as the trace does.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <memory>

#include "base/coarse_clock.h"
#include "base/result.h"
#include "replay/target.h"
#include "store/store.h"

namespace rat_memcache::replay {

class EngineTarget : public Target {
 public:
  static Result<std::unique_ptr<Target>> Open(const store::StoreOptions& options);

  Status Handle(const Request& request) override;
  void Tick() override;
  void Report(load::JsonObject* report) const override;

 private:
  EngineTarget() = default;

  CoarseClock clock_;
  std::unique_ptr<store::Store> store_;
  uint64_t refused_ = 0;  // sets
  const ValueText values_;
};

}  // namespace rat_memcache::replay
