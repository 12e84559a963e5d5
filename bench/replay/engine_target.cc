// SPDX-License-Identifier: LGPL-3.0-or-later
#include "replay/engine_target.h"

#include <algorithm>
#include <utility>

namespace rat_memcache::replay {

Result<std::unique_ptr<Target>> EngineTarget::Open(const store::StoreOptions& options) {
  std::unique_ptr<EngineTarget> target(new EngineTarget);
  Result<std::unique_ptr<store::Store>> store = store::Store::Open(options, &target->clock_);
  if (!store.ok()) return store.error();
  target->store_ = std::move(store).value();
  return std::unique_ptr<Target>(std::move(target));
}

Status EngineTarget::Handle(const Request& request) {
  const store::Key key = store_->MakeKey(request.key);
  if (store_->Read(key, [](const store::ItemView&) {}) == store::Found::kHit) return Done{};
  ++misses_;
  const store::PutResult stored =
      store_->Put({.key = key,
                   .value = values_.OfSize(request.value_size),
                   .exptime = request.ttl == 0 ? 0 : clock_.Now() + request.ttl});
  if (stored.status != store::PutStatus::kStored) ++refused_;
  return Done{};
}

void EngineTarget::Tick() {
  clock_.Advance(1);
  store_->Maintain();
}

void EngineTarget::Report(load::JsonObject* report) const {
  const store::StoreStats stats = store_->Stats();
  const store::ShardStats& total = stats.total;
  const uint64_t copies = total.items_kept + total.items_promoted;
  report->Add("items", total.items);
  report->Add("refused", refused_);
  report->Add("memory_limit", stats.memory_limit);
  report->Add("resident_bytes", total.resident_bytes + total.index_bytes + total.policy_bytes +
                                    total.bookkeeping_bytes);
  report->Add("index_bytes", total.index_bytes);
  report->Add("policy_bytes", total.policy_bytes);
  report->Add("shards", uint64_t{stats.shards});
  report->Add("segment_bytes", stats.segment_bytes);
  report->Add("evictions", total.evictions);
  report->Add("reclaimed", total.reclaimed + total.crawler_reclaimed);
  report->Add("items_kept", total.items_kept);
  report->Add("items_promoted", total.items_promoted);
  report->Add("items_stored", total.items_stored);
  report->Add("copies_per_insert",
              static_cast<double>(copies) / std::max(static_cast<double>(total.items_stored), 1.0));
}

}  // namespace rat_memcache::replay
