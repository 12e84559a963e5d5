// SPDX-License-Identifier: LGPL-3.0-or-later
#include "command/watch.h"

#include <algorithm>
#include <string>

#include "base/percent_encoding.h"

namespace rat_memcache::command {
using observe::WatchStream;
using observe::WatchStreams;

std::optional<WatchStreams> ParseWatchStreams(std::string_view words) {
  struct Name {
    std::string_view name;
    WatchStream stream;
  };
  constexpr Name kNames[] = {
      {"rawcmds", WatchStream::kRawCommands}, {"evictions", WatchStream::kEvictions},
      {"fetchers", WatchStream::kFetchers},   {"mutations", WatchStream::kMutations},
      {"sysevents", WatchStream::kSystem},    {"connevents", WatchStream::kConnections},
      {"proxyreqs", WatchStream::kProxy},     {"proxyevents", WatchStream::kProxy},
      {"proxyuser", WatchStream::kProxy},     {"deletions", WatchStream::kDeletions}};
  WatchStreams streams = 0;
  while (!words.empty()) {
    const size_t end = std::min(words.find(' '), words.size());
    const std::string_view word = words.substr(0, end);
    words.remove_prefix(std::min(end + 1, words.size()));
    if (word.empty()) continue;
    const auto* const known = std::find_if(std::begin(kNames), std::end(kNames),
                                           [&](const Name& n) { return n.name.starts_with(word); });
    if (known == std::end(kNames)) return std::nullopt;
    streams |= static_cast<WatchStreams>(known->stream);
  }
  return streams != 0 ? streams : static_cast<WatchStreams>(WatchStream::kFetchers);
}

void EvictionReporter::OnEvicted(const store::EvictedItem& item) {
  std::string line = "type=eviction key=";
  AppendPercentEncoded(item.key, &line);
  line += item.fetched ? " fetch=yes" : " fetch=no";
  line += " ttl=" + (item.seconds_left ? std::to_string(*item.seconds_left) : "-1");
  line += " la=" + std::to_string(item.idle_seconds);
  line += " clsid=" + std::to_string(classes_->Of(item.item_size));
  line += " size=" + std::to_string(item.value_size);
  hub_->Report(WatchStream::kEvictions, line);
}

}  // namespace rat_memcache::command
