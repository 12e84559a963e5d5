// SPDX-License-Identifier: LGPL-3.0-or-later
#include "command/admin_commands.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

#include "base/decimal.h"
#include "command/dump.h"
#include "command/watch.h"
#include "protocol/ascii_reply.h"

namespace rat_memcache::command {
namespace {

namespace ascii = protocol::ascii;
using observe::Level;
using protocol::Op;
using protocol::Request;

const std::string kOk(ascii::kOk);
const std::string kError(ascii::kError);
const std::string kBadLine = "CLIENT_ERROR bad command line format\r\n";
const std::string kBadClass = "BADCLASS invalid class id\r\n";

std::optional<double> ParseFraction(std::string_view text) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

// The figures that `slabs automove` and `extstore` set: the name, and where it goes.
template <class Owner, class Number>
struct Setting {
  std::string_view name;
  Number Owner::*field;
};

template <class Owner, class Number, size_t kSettings>
Number Owner::*FieldOf(std::string_view name, const Setting<Owner, Number> (&settings)[kSettings]) {
  for (const auto& setting : settings) {
    if (setting.name == name) return setting.field;
  }
  return nullptr;
}

}  // namespace

class AdminCommands::Words {
 public:
  explicit Words(std::string_view text) {
    while (!text.empty()) {
      const size_t end = std::min(text.find(' '), text.size());
      if (end > 0) words_.push_back(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    noreply_ = !words_.empty() && words_.back() == "noreply";
    if (noreply_) words_.pop_back();
  }

  bool noreply() const { return noreply_; }
  size_t count() const { return words_.size(); }
  // Empty behind the last.
  std::string_view operator[](size_t index) const {
    return index < words_.size() ? words_[index] : std::string_view{};
  }

 private:
  std::vector<std::string_view> words_;
  bool noreply_ = false;
};

bool AdminCommands::Execute(const Request& request, Session* session, GatherBuffer* out) {
  const Words words(request.value);
  const Behind behind = out->empty() ? Behind::kNothing : Behind::kOthers;
  std::string reply;
  switch (request.op) {
    case Op::kVerbosity:
      reply = SetVerbosity(request.number);
      break;
    case Op::kCacheMemlimit:
      reply = SetMemoryLimit(request.number);
      break;
    case Op::kLru:
      reply = Lru(words);
      break;
    case Op::kLruCrawler:
      reply = LruCrawler(words, behind, session);
      break;
    case Op::kSlabs:
      reply = Slabs(words);
      break;
    case Op::kExtstore:
      reply = Extstore(words);
      break;
    case Op::kWatch:
      reply = Watch(request.value, behind, session);
      break;
    case Op::kRefreshCerts:
      reply = RefreshCertificates();
      break;
    case Op::kDebugTime:
      reply = DebugTime(words);
      break;
    case Op::kShutdown:
      reply = Shutdown(words);
      if (reply.empty()) return false;
      break;
    default:
      reply = kError;
      break;
  }
  Say(request.noreply || words.noreply(), reply, out);
  return true;
}

std::string AdminCommands::SetVerbosity(uint64_t level) {
  context_->shared->log->set_verbosity(static_cast<int>(std::min<uint64_t>(level, 2)));
  return kOk;
}

std::string AdminCommands::SetMemoryLimit(uint64_t megabytes) {
  constexpr uint64_t kMegabytesMin = 8;
  constexpr uint64_t kMegabytesMax = 1'000'000'000;
  if (megabytes < kMegabytesMin) return std::string(ascii::kMemlimitTooSmall);
  if (megabytes > kMegabytesMax) return std::string(ascii::kMemlimitInBytes);
  if (!context_->cache->SetMemoryLimit(megabytes << 20)) {
    return std::string(ascii::kMemlimitOutOfBounds);
  }
  context_->shared->log->Write(
      Level::kInfo, "rat_memcached: the memory limit is now " + std::to_string(megabytes) + " MiB");
  return kOk;
}

// --- lru ---

std::string AdminCommands::SetEviction(std::string_view name) {
  const auto strategy = config::ParseEvictionStrategy(name);
  if (!strategy) {
    return "CLIENT_ERROR unknown eviction strategy; there are " + config::EvictionStrategyNames() +
           "\r\n";
  }
  context_->cache->SetEviction(*strategy);
  context_->shared->log->Write(Level::kInfo, "rat_memcached: the eviction strategy is now " +
                                                 std::string(config::NameOf(*strategy)));
  return kOk;
}

std::string AdminCommands::Lru(const Words& words) {
  constexpr uint32_t kPercentMax = 80;
  Tunables& tunables = *context_->shared->tunables;
  // A word of ours; memcached's own belong to its lists.
  if (words[0] == "eviction" && words.count() >= 2) {
    return SetEviction(words.count() == 2 ? words[1] : std::string_view{});
  }
  if (words[0] == "tune" && words.count() >= 5) {
    const auto hot = ParseStrict<uint32_t>(words[1]);
    const auto warm = ParseStrict<uint32_t>(words[2]);
    const auto hot_factor = ParseFraction(words[3]);
    const auto warm_factor = ParseFraction(words[4]);
    if (!hot || !warm || !hot_factor || !warm_factor) return kError;
    if (uint64_t{*hot} + *warm > kPercentMax) {
      return "ERROR hot and warm pcts must not exceed 80\r\n";
    }
    if (*hot_factor <= 0 || *warm_factor <= 0) {
      return "ERROR hot/warm age factors must be greater than 0\r\n";
    }
    tunables.ChangeHints([&](config::EngineHints* hints) {
      hints->hot_lru_pct = *hot;
      hints->warm_lru_pct = *warm;
      hints->hot_max_factor = *hot_factor;
      hints->warm_max_factor = *warm_factor;
    });
    return kOk;
  }
  const bool maintained = tunables.hints().lru_maintainer;
  if (words[0] == "mode" && words.count() >= 2 && maintained) {
    if (words[1] != "flat" && words[1] != "segmented") return kError;
    const bool segmented = words[1] == "segmented";
    tunables.ChangeHints([&](config::EngineHints* hints) { hints->lru_segmented = segmented; });
    return kOk;
  }
  if (words[0] == "temp_ttl" && words.count() >= 2 && maintained) {
    const auto seconds = ParseStrict<int32_t>(words[1]);
    if (!seconds) return kError;
    tunables.ChangeHints([&](config::EngineHints* hints) {
      hints->temp_lru = *seconds >= 0;
      if (*seconds >= 0) hints->temporary_ttl = static_cast<uint32_t>(*seconds);
    });
    return kOk;
  }
  return kError;
}

// --- lru_crawler ---

std::string AdminCommands::LruCrawler(const Words& words, Behind behind, Session* session) {
  constexpr uint32_t kSleepMax = 1'000'000;
  Tunables& tunables = *context_->shared->tunables;
  if (words.count() == 1) {
    if (words[0] == "enable" || words[0] == "disable") return SwitchCrawler(words[0] == "enable");
    return kError;
  }
  if (words.count() != 2) return kError;
  if (words[0] == "crawl") return Crawl(words[1]);
  if (words[0] == "metadump" || words[0] == "mgdump") return BeginDump(words, behind, session);
  if (words[0] != "sleep" && words[0] != "tocrawl") return kError;
  const auto number = ParseStrict<uint32_t>(words[1]);
  if (!number) return kBadLine;
  if (words[0] == "tocrawl") {
    tunables.ChangeHints([&](config::EngineHints* hints) { hints->lru_crawler_tocrawl = *number; });
    return kOk;
  }
  if (*number > kSleepMax) return "CLIENT_ERROR sleep must be one second or less\r\n";
  tunables.ChangeHints([&](config::EngineHints* hints) { hints->lru_crawler_sleep = *number; });
  return kOk;
}

std::string AdminCommands::SwitchCrawler(bool on) {
  Tunables& tunables = *context_->shared->tunables;
  if (on && tunables.hints().lru_crawler) return "ERROR failed to start lru crawler thread\r\n";
  tunables.ChangeHints([&](config::EngineHints* hints) { hints->lru_crawler = on; });
  context_->cache->SetActiveExpiration(on);
  return kOk;
}

std::string AdminCommands::Crawl(std::string_view classes) {
  if (!context_->shared->tunables->hints().lru_crawler) {
    return "CLIENT_ERROR lru crawler disabled\r\n";
  }
  if (classes == "hash") return "ERROR an unknown error happened\r\n";  // only dumps go by it
  if (!ParseClasses(classes)) return kBadClass;
  context_->cache->SweepSoon();
  return kOk;
}

std::string AdminCommands::BeginDump(const Words& words, Behind behind, Session* session) {
  const bool keys_only = words[0] == "mgdump";
  if (!context_->shared->tunables->hints().lru_crawler) {
    return "CLIENT_ERROR lru crawler disabled\r\n";
  }
  if (!context_->shared->options->dump_enabled) {
    return keys_only ? "ERROR key dump not allowed\r\n" : "ERROR metadump not allowed\r\n";
  }
  if (behind == Behind::kOthers) {
    return "ERROR cannot pipeline other commands before " + std::string(words[0]) + "\r\n";
  }
  const auto classes = ParseClasses(words[1]);
  if (!classes) return kBadClass;
  session->producer =
      MakeDump(*context_, keys_only ? DumpFormat::kKeys : DumpFormat::kMetadata, *classes);
  return kOk;
}

// --- slabs ---

std::string AdminCommands::Slabs(const Words& words) {
  if (words[0] == "reassign" && words.count() == 3) return Reassign(words);
  if (words[0] == "automove" && words.count() >= 2) return Automove(words);
  return kError;
}

// Any item can use any memory, so there is nothing to move.
std::string AdminCommands::Reassign(const Words& words) {
  if (!context_->shared->tunables->hints().slab_reassign) {
    return "CLIENT_ERROR slab reassignment disabled\r\n";
  }
  const auto source = ParseStrict<int32_t>(words[1]);
  const auto destination = ParseStrict<int32_t>(words[2]);
  if (!source || !destination) return kBadLine;
  if (*source == *destination) return "SAME src and dst class are identical\r\n";
  constexpr int32_t kAny = -1;
  const int32_t last = context_->cache->classes().last();
  if (*source < kAny || *source > last || *destination < 0 || *destination > last) {
    return "BADCLASS invalid src or dst class id\r\n";
  }
  return kOk;
}

std::string AdminCommands::Automove(const Words& words) {
  constexpr uint32_t kWindowMin = 3;
  constexpr uint32_t kWindowMax = 1800;
  constexpr uint32_t kModeMax = 2;
  using config::EngineHints;
  Tunables& tunables = *context_->shared->tunables;
  constexpr Setting<EngineHints, double> kFractions[] = {
      {"ratio", &EngineHints::slab_automove_ratio},
      {"freeratio", &EngineHints::slab_automove_freeratio}};
  if (double EngineHints::*const field = FieldOf(words[1], kFractions)) {
    const auto fraction = ParseFraction(words[2]);
    if (!fraction) return kError;
    tunables.ChangeHints([&](EngineHints* hints) { hints->*field = *fraction; });
    return kOk;
  }
  if (words[1] == "window") {
    const auto window = ParseStrict<uint32_t>(words[2]);
    if (!window) return kError;
    if (*window < kWindowMin || *window > kWindowMax) {
      return "CLIENT_ERROR automove window too low or too high\r\n";
    }
    tunables.ChangeHints([&](EngineHints* hints) { hints->slab_automove_window = *window; });
    return kOk;
  }
  const auto mode = ParseStrict<uint32_t>(words[1]);
  if (!mode) return kBadLine;
  if (*mode > kModeMax) return kError;
  tunables.ChangeHints([&](EngineHints* hints) { hints->slab_automove = *mode; });
  return kOk;
}

// --- extstore ---

std::string AdminCommands::Extstore(const Words& words) {
  using config::ExtstoreHints;
  constexpr Setting<ExtstoreHints, uint32_t> kNumbers[] = {
      {"item_size", &ExtstoreHints::item_size},
      {"item_age", &ExtstoreHints::item_age},
      {"low_ttl", &ExtstoreHints::low_ttl},
      {"recache_rate", &ExtstoreHints::recache_rate},
      {"compact_under", &ExtstoreHints::compact_under},
      {"drop_under", &ExtstoreHints::drop_under},
      {"max_sleep", &ExtstoreHints::max_sleep}};
  if (words.count() < 2) return kError;
  Tunables& tunables = *context_->shared->tunables;
  if (words[0] == "max_frag") {
    const auto fraction = ParseFraction(words[1]);
    if (!fraction) return kError;
    tunables.ChangeExtstore([&](ExtstoreHints* hints) { hints->max_frag = *fraction; });
    return kOk;
  }
  const auto number = ParseStrict<uint32_t>(words[1]);
  if (!number) return kError;
  if (words[0] == "free_memchunks") return ParseStrict<uint32_t>(words[2]) ? kOk : kError;
  if (words[0] == "drop_unread") {
    tunables.ChangeExtstore([&](ExtstoreHints* hints) { hints->drop_unread = *number != 0; });
    return kOk;
  }
  uint32_t ExtstoreHints::*const field = FieldOf(words[0], kNumbers);
  if (field == nullptr) return kError;
  tunables.ChangeExtstore([&](ExtstoreHints* hints) { hints->*field = *number; });
  return kOk;
}

// --- watch ---

std::string AdminCommands::Watch(std::string_view words, Behind behind, Session* session) {
  const Context& shared = *context_->shared;
  if (!shared.options->watch_enabled) return "CLIENT_ERROR watch commands not allowed\r\n";
  if (behind == Behind::kOthers) {
    return "ERROR cannot pipeline other commands before watch\r\n";
  }
  const auto streams = ParseWatchStreams(words);
  if (!streams) return kError;
  auto watcher = shared.watch->Add(
      *streams, session->waker ? session->waker() : [] {});
  if (watcher == nullptr) return "WATCHER_TOO_MANY log watcher limit reached\r\n";
  session->watching = std::make_unique<Watching>(shared.watch, std::move(watcher));
  return kOk;
}

// --- The process ---

std::string AdminCommands::DebugTime(const Words& words) {
  using Change = Context::ClockChange;
  const Context& shared = *context_->shared;
  if (!shared.change_clock || words.count() != 1) return kError;
  if (words[0] == "p" || words[0] == "r") {
    shared.change_clock({words[0] == "p" ? Change::Kind::kPause : Change::Kind::kResume});
    return kOk;
  }
  const auto seconds = ParseStrict<int32_t>(words[0]);
  if (!seconds) return kError;
  shared.change_clock({Change::Kind::kShift, *seconds});
  return kOk;
}

std::string AdminCommands::Shutdown(const Words& words) {
  const Context& shared = *context_->shared;
  if (!shared.options->shutdown_enabled) return "SERVER_ERROR: shutdown not enabled\r\n";
  if (words.count() > 0 && words[0] != "graceful") {
    return "CLIENT_ERROR invalid shutdown mode\r\n";
  }
  shared.log->Write(Level::kInfo, "rat_memcached: a client has asked for the end");
  if (shared.stop) shared.stop(words[0] == "graceful");
  return {};
}

std::string AdminCommands::RefreshCertificates() {
  if (!context_->shared->refresh_certificates) return "Error TLS not enabled\r\n";
  const std::string wrong = context_->shared->refresh_certificates();
  return wrong.empty() ? kOk : wrong + "\r\n";
}

}  // namespace rat_memcache::command
