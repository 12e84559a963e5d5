// SPDX-License-Identifier: LGPL-3.0-or-later
#include "command/thread_context.h"

#include <string>

#include "base/percent_encoding.h"

namespace rat_memcache::command {

using cache::CountStatus;
using cache::DeleteStatus;
using cache::Found;
using observe::ClassCount;
using observe::Count;
using observe::WatchStream;

namespace {

std::string_view StatusOf(Found found) {
  switch (found) {
    case Found::kHit:
      return "found";
    case Found::kExpired:
      return "expired";
    case Found::kFlushed:
      return "flushed";
    case Found::kMiss:
      break;
  }
  return "not_found";
}

}  // namespace

void ThreadContext::NoteTouch(std::string_view key, Found found, const Hit& hit) const {
  const bool is_hit = found == Found::kHit;
  counters->Add(Count::kCmdTouch);
  counters->Add(is_hit ? Count::kTouchHits : Count::kTouchMisses);
  if (is_hit) CountInClass(ClassCount::kTouchHits, hit.item_size);
  if (watched(WatchStream::kFetchers)) ReportGet(key, found, hit);
}

void ThreadContext::NoteDelete(std::string_view key, const cache::DeleteResult& result,
                               std::string_view command) const {
  if (result.status == DeleteStatus::kDone) {
    counters->Add(Count::kDeleteHits);
    CountInClass(ClassCount::kDeleteHits, result.item_size);
  } else if (result.status == DeleteStatus::kNotFound) {
    counters->Add(Count::kDeleteMisses);
  }
  if (watched(WatchStream::kFetchers)) {
    const bool found = result.status != DeleteStatus::kNotFound;
    ReportGet(key, found ? Found::kHit : Found::kMiss,
              {.item_size = result.item_size, .value_size = result.value_size});
  }
  if (result.status == DeleteStatus::kDone && watched(WatchStream::kDeletions)) {
    std::string line = "type=deleted key=";
    AppendPercentEncoded(key, &line);
    line.append(" cmd=").append(command);
    line += " clsid=" + std::to_string(cache->classes().Of(result.item_size));
    line += " size=" + std::to_string(result.value_size);
    shared->watch->Report(WatchStream::kDeletions, line);
  }
}

void ThreadContext::NoteNumber(std::string_view key, const cache::CountResult& result,
                               bool up) const {
  if (result.status == CountStatus::kCounted) {
    counters->Add(up ? Count::kIncrHits : Count::kDecrHits);
    CountInClass(up ? ClassCount::kIncrHits : ClassCount::kDecrHits, result.item_size);
  } else if (result.status == CountStatus::kNotFound) {
    counters->Add(up ? Count::kIncrMisses : Count::kDecrMisses);
  }
  if (watched(WatchStream::kFetchers)) {
    const bool found =
        result.status != CountStatus::kNotFound && result.status != CountStatus::kCreated;
    ReportGet(key, found ? Found::kHit : Found::kMiss, {.item_size = result.item_size});
  }
}

void ThreadContext::ReportGet(std::string_view key, Found found, const Hit& hit) const {
  const bool is_hit = found == Found::kHit;
  std::string line = "type=item_get key=";
  AppendPercentEncoded(key, &line);
  line.append(" status=").append(StatusOf(found));
  line += " clsid=" + std::to_string(is_hit ? cache->classes().Of(hit.item_size) : 0);
  line += " cfd=" + std::to_string(descriptor);
  line += " size=" + std::to_string(is_hit ? hit.value_size : 0);
  shared->watch->Report(WatchStream::kFetchers, line);
}

void ThreadContext::ReportStore(const StoreReport& report) const {
  const uint32_t now = cache->Now();
  std::string line = "type=item_store key=";
  AppendPercentEncoded(report.key, &line);
  line.append(" status=").append(report.status).append(" cmd=").append(report.command);
  line += " ttl=" + std::to_string(report.exptime > now ? report.exptime - now : 0);
  line += " clsid=" + std::to_string(cache->classes().Of(report.item_size));
  line += " cfd=" + std::to_string(descriptor);
  line += " size=" + std::to_string(report.value_size);
  shared->watch->Report(WatchStream::kMutations, line);
}

}  // namespace rat_memcache::command
