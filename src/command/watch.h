// The words of `watch`, and what the cache has to tell by itself; what requests tell is in
// thread_context.h.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <optional>
#include <string_view>

#include "observe/watch_hub.h"
#include "store/eviction_listener.h"
#include "store/size_classes.h"

namespace rat_memcache::command {

// The streams that the words name; none: fetchers. Nothing if a word is no stream.
std::optional<observe::WatchStreams> ParseWatchStreams(std::string_view words);

// Tells the hub what the cache evicts. Outlives the cache.
class EvictionReporter : public store::EvictionListener {
 public:
  EvictionReporter(observe::WatchHub* hub, const store::SizeClasses* classes)
      : hub_(hub), classes_(classes) {}
  bool wanted() const override { return hub_->wanted(observe::WatchStream::kEvictions); }
  void OnEvicted(const store::EvictedItem& item) override;

 private:
  observe::WatchHub* const hub_;
  const store::SizeClasses* const classes_;
};

}  // namespace rat_memcache::command
