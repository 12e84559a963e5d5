// SPDX-License-Identifier: LGPL-3.0-or-later
#include "config/extended_options.h"

#include <algorithm>
#include <array>

#include "config/extstore_path.h"
#include "config/option_numbers.h"

namespace rat_memcache::config {
namespace {

using View = std::string_view;

constexpr uint64_t kUint32Max = UINT32_MAX;
constexpr uint32_t kHashPowerMin = 12;
constexpr uint32_t kHashPowerMax = 32;
constexpr size_t kSlabClassesMax = 63;
// Of a class: memcached's header with the smallest item, and its step.
constexpr uint64_t kSlabSizeMin = 48;
constexpr uint64_t kSlabStep = 8;

EngineHints& Hints(Parse* p) { return p->options().hints; }
ExtstoreHints& Ext(Parse* p) { return p->options().extstore; }
TlsOptions& Tls(Parse* p) { return p->options().tls; }

// Numbers that memcached checks by parsing alone: "could not parse argument to NAME".
struct Parsed {
  explicit Parsed(View name)
      : option("-o " + std::string(name)),
        fault("could not parse argument to " + std::string(name)) {}

  NumberRule Rule(View what, uint64_t min = 0, uint64_t max = kUint32Max) const {
    return {.option = option, .what = what, .min = min, .max = max, .fault = fault};
  }
  const std::string option;
  const std::string fault;
};

template <class T>
void Number(Parse* p, View name, View text, View what, T* out, uint64_t min = 0,
            uint64_t max = kUint32Max) {
  ReadNumber(p, Parsed(name).Rule(what, min, max), text, out);
}
// Of KiB or MiB, kept as bytes.
template <class T>
void Units(Parse* p, View name, View text, View what, size_t unit, T* out, uint64_t min = 0) {
  ReadUnits(p, Parsed(name).Rule(what, min, kUint32Max / unit), unit, text, out);
}
// With memcached's words for a value out of range.
template <class T>
void Checked(Parse* p, View name, View text, View what, T* out, uint64_t min, uint64_t max,
             View fault) {
  const std::string option = "-o " + std::string(name);
  ReadNumber(p, {.option = option, .what = what, .min = min, .max = max, .fault = fault}, text,
             out);
}

// Above min (or min itself), at most max.
struct FractionRule {
  double min = 0;
  bool min_allowed = false;
  double max = 1e9;
};
void Fraction(Parse* p, View name, View text, const FractionRule& rule, std::string fault,
              View example, double* out) {
  const auto value = ParseFraction(text);
  if (value && (*value > rule.min || (rule.min_allowed && *value == rule.min)) &&
      *value <= rule.max) {
    *out = *value;
    return;
  }
  p->Fail(std::move(fault) + ": " + Quoted(text) + " is wrong; write -o " + std::string(name) +
              "=" + std::string(example),
          1);
}

void SetHashPower(Parse* p, View text) {
  const std::string low = "Initial hashtable multiplier of " + std::string(text) + " is too low";
  const std::string high = "Initial hashtable multiplier of " + std::string(text) + " is too high";
  const auto number = ParseSize(text);
  ReadNumber(p,
             {.option = "-o hashpower",
              .what = "a power of two",
              .min = kHashPowerMin,
              .max = kHashPowerMax,
              .fault = number && *number > kHashPowerMax ? high : low},
             text, &Hints(p).hash_power);
}

void SetHashAlgorithm(Parse* p, View text) {
  for (const View name : {"jenkins", "murmur3", "xxh3"}) {
    if (text != name) continue;
    Hints(p).hash_algorithm = text;
    return;
  }
  p->Fail("Unknown hash_algorithm option (jenkins, murmur3, xxh3); write one of these, not " +
              Quoted(text),
          1);
}

// Sizes of classes, joined by '-', each at least a step above the one before. The classes are for
// reports only, but a list that memcached refuses is a mistake here as well.
void SetSlabSizes(Parse* p, View text) {
  std::vector<uint32_t> sizes;
  View rest = text;
  do {
    const size_t end = std::min(rest.find('-'), rest.size());
    const std::string item(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const auto size = ParseSize(item);
    if (!size || *size < kSlabSizeMin || *size > kMiB || sizes.size() == kSlabClassesMax) {
      return p->Fail("slab size " + item +
                     " is out of valid range; write -o slab_sizes=100-200-400, at most 63 numbers "
                     "from 48 to 1048576");
    }
    if (!sizes.empty() && *size <= sizes.back()) {
      return p->Fail("slab size " + item +
                     " cannot be lower than or equal to a previous class size; write them in "
                     "ascending order");
    }
    if (!sizes.empty() && *size < sizes.back() + kSlabStep) {
      return p->Fail("slab size " + item +
                     " must be at least 8 bytes larger than previous class; raise it");
    }
    sizes.push_back(static_cast<uint32_t>(*size));
  } while (!rest.empty());
  Hints(p).slab_sizes = std::move(sizes);
}

// What memcached calls the defaults of 1.4. The memory engine stays what it is.
void SetNoModern(Parse* p) {
  EngineHints& hints = Hints(p);
  if (!p->slab_chunk_max_given) hints.slab_chunk_max = kMiB;
  hints.slab_reassign = false;
  hints.slab_automove = 0;
  hints.hash_algorithm = "jenkins";
  hints.lru_crawler = false;
  hints.lru_maintainer = false;
  hints.lru_segmented = false;
  p->options().maxconns_fast = false;
}

void SetTlsFile(Parse* p, View file, std::string* out) {
  p->tls_word_given = true;
  *out = file;
}

void IgnoreProxy(Parse* p, View) { p->proxy_word_given = true; }
void Ignore(Parse*, View) {}

constexpr View kFactorFault = " must be > 0";
constexpr View kRatioFault = "slab_automove_ratio must be > 0 and < 1";
constexpr View kVerifyFault = "Invalid ssl_verify_mode. Use help to see valid options";
constexpr View kVersionFault = "Invalid ssl_min_version. Use help to see valid options";

constexpr ExtendedWord kWords[] = {
    {"maxconns_fast", "", [](Parse* p, View) { p->options().maxconns_fast = true; },
     "tell a connection that is one too many, and close it (default)"},
    {"no_maxconns_fast", "", [](Parse* p, View) { p->options().maxconns_fast = false; },
     "let it wait until another one ends"},
    {"idle_timeout", "SECONDS",
     [](Parse* p, View v) {
       Number(p, "idle_timeout", v, "a number of seconds", &p->options().idle_timeout, 0, kIntMax);
     },
     "close connections without a command for longer (default: 0, never)", nullptr,
     "Missing numeric argument for idle_timeout"},
    {"read_buf_mem_limit", "MB",
     [](Parse* p, View v) {
       Number(p, "read_buf_mem_limit", v, "a number of MiB", &p->options().read_buffer_limit_mb);
     },
     "memory for requests on their way (default: 0, half of -m)"},
    {"watcher_logbuf_size", "KB",
     [](Parse* p, View v) {
       Units(p, "watcher_logbuf_size", v, "a number of KiB", kKiB, &p->options().watcher_buffer, 1);
     },
     "buffer of a watcher (default: 256)"},
    {"worker_logbuf_size", "KB",
     [](Parse* p, View v) {
       Units(p, "worker_logbuf_size", v, "a number of KiB", kKiB, &p->options().worker_log_buffer,
             1);
     },
     "buffer of a thread for watchers (default: 64)"},
    {"no_lru_crawler", "",
     [](Parse* p, View) { Hints(p).lru_crawler = p->options().ttl.active_expiration = false; },
     "as --active-expiration off"},
    {"lru_crawler", "",
     [](Parse* p, View) { Hints(p).lru_crawler = p->options().ttl.active_expiration = true; },
     "as --active-expiration on (default)"},
    {"lru_crawler_tocrawl", "NUM",
     [](Parse* p, View v) {
       Checked(p, "lru_crawler_tocrawl", v, "a number of items", &Hints(p).lru_crawler_tocrawl, 0,
               kUint32Max, "lru_crawler_tocrawl takes a numeric 32bit value");
       p->options().ttl.max_cleanup_entries = Hints(p).lru_crawler_tocrawl;
     },
     "as --max-cleanup-entries", nullptr, "Missing lru_crawler_tocrawl value"},
    {"track_sizes", "", [](Parse* p, View) { Hints(p).track_sizes = true; },
     "count items by size for \"stats sizes\""},
    {"sock_cookie_id", "NUM",
     [](Parse* p, View v) {
       Number(p, "sock_cookie_id", v, "a number", &p->options().socket_cookie);
     },
     "mark of the sockets, for firewalls (SO_MARK)"},
    {"ssl_chain_cert", "FILE", [](Parse* p, View v) { SetTlsFile(p, v, &Tls(p).chain_cert); },
     "certificate with its chain, PEM; needed by -Z", &Features::tls},
    {"ssl_key", "FILE", [](Parse* p, View v) { SetTlsFile(p, v, &Tls(p).key); },
     "its private key; needed by -Z", &Features::tls},
    {"ssl_keyformat", "NUM",
     [](Parse* p, View v) {
       p->tls_word_given = true;
       Number(p, "ssl_keyformat", v, "1 (PEM) or 2 (DER): a number", &Tls(p).key_format, 1, 2);
     },
     "of the key: 1 PEM, 2 DER (default: 1)", &Features::tls},
    {"ssl_verify_mode", "NUM",
     [](Parse* p, View v) {
       p->tls_word_given = true;
       Checked(p, "ssl_verify_mode", v, "a number", &Tls(p).verify, 0, 3, kVerifyFault);
     },
     "certificate of a client: 0 not asked for, 1 asked for, 2 demanded, 3 once (default: 0)",
     &Features::tls},
    {"ssl_ca_cert", "FILE", [](Parse* p, View v) { SetTlsFile(p, v, &Tls(p).ca_cert); },
     "authorities that clients' certificates may be from, PEM", &Features::tls},
    {"ssl_ciphers", "LIST", [](Parse* p, View v) { SetTlsFile(p, v, &Tls(p).ciphers); },
     "ciphers, as OpenSSL names them", &Features::tls},
    {"ssl_min_version", "NUM",
     [](Parse* p, View v) {
       p->tls_word_given = true;
       Checked(p, "ssl_min_version", v, "a number", &Tls(p).min_version, 0, 3, kVersionFault);
     },
     "oldest protocol: 0 TLS 1.0, 1 TLS 1.1, 2 TLS 1.2, 3 TLS 1.3 (default: 2)", &Features::tls},
    {"ssl_session_cache", "",
     [](Parse* p, View) { p->tls_word_given = Tls(p).session_cache = true; },
     "let clients resume sessions", &Features::tls},
    {"ssl_wbuf_size", "KB",
     [](Parse* p, View v) {
       p->tls_word_given = true;
       Units(p, "ssl_wbuf_size", v, "a number of KiB", kKiB, &Tls(p).write_buffer, 1);
     }},
    {"ssl_kernel_tls", "", [](Parse* p, View) { p->tls_word_given = Tls(p).kernel_tls = true; },
     "let the kernel encrypt, where it can", &Features::tls},

    {"modern", "", Ignore},
    {"no_modern", "", [](Parse* p, View) { SetNoModern(p); }},
    {"hashpower", "NUM", SetHashPower, {}, nullptr, "Missing numeric argument for hashpower"},
    {"hash_algorithm", "NAME", SetHashAlgorithm},
    {"no_hashexpand", "", [](Parse* p, View) { Hints(p).hash_expand = false; }},
    {"tail_repair_time",
     "SECONDS",
     [](Parse* p, View v) {
       Checked(p, "tail_repair_time", v, "a number of seconds", &Hints(p).tail_repair_time, 10,
               kIntMax, "Cannot set tail_repair_time to less than 10 seconds");
     },
     {},
     nullptr,
     "Missing numeric argument for tail_repair_time"},
    {"lru_crawler_sleep",
     "MICROSECONDS",
     [](Parse* p, View v) {
       Checked(p, "lru_crawler_sleep", v, "a number of microseconds", &Hints(p).lru_crawler_sleep,
               0, 1'000'000, "LRU crawler sleep must be between 0 and 1 second");
     },
     {},
     nullptr,
     "Missing lru_crawler_sleep value"},
    {"lru_maintainer", "",
     [](Parse* p, View) { Hints(p).lru_maintainer = Hints(p).lru_segmented = true; }},
    {"no_lru_maintainer", "",
     [](Parse* p, View) { Hints(p).lru_maintainer = Hints(p).lru_segmented = false; }},
    {"hot_lru_pct", "NUM",
     [](Parse* p, View v) {
       Checked(p, "hot_lru_pct", v, "a percentage", &Hints(p).hot_lru_pct, 1, 79,
               "hot_lru_pct must be > 1 and < 80");
     }},
    {"warm_lru_pct", "NUM",
     [](Parse* p, View v) {
       Checked(p, "warm_lru_pct", v, "a percentage", &Hints(p).warm_lru_pct, 1, 79,
               "warm_lru_pct must be > 1 and < 80");
     }},
    {"hot_max_factor", "NUM",
     [](Parse* p, View v) {
       Fraction(p, "hot_max_factor", v, {}, "hot_max_factor" + std::string(kFactorFault), "0.2",
                &Hints(p).hot_max_factor);
     }},
    {"warm_max_factor", "NUM",
     [](Parse* p, View v) {
       Fraction(p, "warm_max_factor", v, {}, "warm_max_factor" + std::string(kFactorFault), "2.0",
                &Hints(p).warm_max_factor);
     }},
    {"temporary_ttl", "SECONDS",
     [](Parse* p, View v) {
       Number(p, "temporary_ttl", v, "a number of seconds", &Hints(p).temporary_ttl, 0, kIntMax);
       Hints(p).temp_lru = true;
     }},
    {"slab_reassign", "", [](Parse* p, View) { Hints(p).slab_reassign = true; }},
    {"no_slab_reassign", "", [](Parse* p, View) { Hints(p).slab_reassign = false; }},
    {"slab_automove", "[NUM]",
     [](Parse* p, View v) {
       Checked(p, "slab_automove", v.data() == nullptr ? "1" : v, "a number",
               &Hints(p).slab_automove, 0, 2, "slab_automove must be between 0 and 2");
     }},
    {"no_slab_automove", "", [](Parse* p, View) { Hints(p).slab_automove = 0; }},
    {"slab_automove_ratio", "NUM",
     [](Parse* p, View v) {
       Fraction(p, "slab_automove_ratio", v, {.max = 1}, std::string(kRatioFault), "0.8",
                &Hints(p).slab_automove_ratio);
     }},
    {"slab_automove_window", "NUM",
     [](Parse* p, View v) {
       Checked(p, "slab_automove_window", v, "a number", &Hints(p).slab_automove_window, 3, 1800,
               "slab_automove_window must be > 2");
     }},
    {"slab_automove_freeratio", "NUM",
     [](Parse* p, View v) {
       Fraction(p, "slab_automove_freeratio", v, {.min_allowed = true},
                "could not parse argument to slab_automove_freeratio", "0.01",
                &Hints(p).slab_automove_freeratio);
     }},
    {"slab_chunk_max", "KB",
     [](Parse* p, View v) {
       p->slab_chunk_max_given = true;
       Units(p, "slab_chunk_max", v, "a number of KiB", kKiB, &Hints(p).slab_chunk_max, 1);
     }},
    {"slab_sizes", "NUM-NUM-...", SetSlabSizes},
    {"no_chunked_items", "",
     [](Parse* p, View) {
       Hints(p).chunked_items = false;
       Hints(p).slab_chunk_max = kMiB;  // a page of memcached's
     }},
    {"inline_ascii_resp", "", Ignore},
    {"no_inline_ascii_resp", "", Ignore},
    {"resp_obj_mem_limit", "[MB]",
     [](Parse* p, View) {
       p->Warn(
           "DEPRECATED: resp_obj_mem_limit no longer used. See read_buf_mem_limit; remove it "
           "from -o");
     }},
    {"drop_privileges", "",
     [](Parse* p, View) {
       p->Warn("-o drop_privileges has no effect: there is no filter of system calls; remove it");
     }},
    {"no_drop_privileges", "", Ignore},
    // A word of memcached's debug builds only, and the debugging commands with it.
    {"relaxed_privileges", "", [](Parse* p, View) { p->options().debug_commands = true; }},

    {"ext_path",
     "FILE:SIZE",
     AddExtstorePath,
     {},
     nullptr,
     "missing argument to ext_path, ie: ext_path=/d/file:5G"},
    {"ext_page_size", "MB",
     [](Parse* p, View v) {
       Number(p, "ext_page_size", v, "a number of MiB", &Ext(p).page_size_mb, 1, kIntMax);
     }},
    {"ext_wbuf_size", "MB",
     [](Parse* p, View v) {
       Units(p, "ext_wbuf_size", v, "a number of MiB", kMiB, &Ext(p).wbuf_size);
     }},
    {"ext_threads", "NUM",
     [](Parse* p, View v) { Number(p, "ext_threads", v, "a number", &Ext(p).threads); }},
    {"ext_io_depth", "NUM",
     [](Parse* p, View v) { Number(p, "ext_io_depth", v, "a number", &Ext(p).io_depth); }},
    {"ext_item_size", "BYTES",
     [](Parse* p, View v) { Number(p, "ext_item_size", v, "a number", &Ext(p).item_size); }},
    {"ext_item_age", "SECONDS",
     [](Parse* p, View v) { Number(p, "ext_item_age", v, "a number", &Ext(p).item_age); }},
    {"ext_low_ttl", "SECONDS",
     [](Parse* p, View v) { Number(p, "ext_low_ttl", v, "a number", &Ext(p).low_ttl); }},
    {"ext_recache_rate", "NUM",
     [](Parse* p, View v) { Number(p, "ext_recache_rate", v, "a number", &Ext(p).recache_rate); }},
    {"ext_compact_under", "NUM",
     [](Parse* p, View v) {
       Number(p, "ext_compact_under", v, "a number", &Ext(p).compact_under);
     }},
    {"ext_drop_under", "NUM",
     [](Parse* p, View v) { Number(p, "ext_drop_under", v, "a number", &Ext(p).drop_under); }},
    {"ext_max_sleep", "MICROSECONDS",
     [](Parse* p, View v) { Number(p, "ext_max_sleep", v, "a number", &Ext(p).max_sleep); }},
    {"ext_max_frag", "NUM",
     [](Parse* p, View v) {
       Fraction(p, "ext_max_frag", v, {.min_allowed = true},
                "could not parse argument to ext_max_frag", "0.8", &Ext(p).max_frag);
     }},
    {"ext_drop_unread", "", [](Parse* p, View) { Ext(p).drop_unread = true; }},

    {"proxy_config", "[FILE]", IgnoreProxy},
    {"proxy_arg", "[TEXT]", IgnoreProxy},
    {"proxy_uring", "", IgnoreProxy},
    {"proxy_memprofile", "", IgnoreProxy},
};

void ApplyWord(Parse* parse, View word) {
  const size_t equals = word.find('=');
  const View name = word.substr(0, equals);
  const auto* const found = std::find_if(std::begin(kWords), std::end(kWords),
                                         [&](const auto& known) { return known.name == name; });
  if (found == std::end(kWords)) {
    return parse->Fail("Illegal suboption \"" + std::string(word) +
                           "\"; -o takes memcached's words, separated by commas: docs/options.md "
                           "lists them",
                       1);
  }
  if (equals == View::npos) {
    if (found->value.empty() || found->value.starts_with('[')) return found->apply(parse, {});
    const std::string missing = found->missing.empty()
                                    ? "Missing " + std::string(name) + " argument"
                                    : std::string(found->missing);
    return parse->Fail(
        missing + "; write -o " + std::string(name) + "=" + std::string(found->value), 1);
  }
  if (found->value.empty()) {
    parse->Warn("-o " + std::string(name) + " takes no value; " + Quoted(word.substr(equals)) +
                " has no effect");
  }
  found->apply(parse, word.substr(equals + 1));
}

}  // namespace

std::span<const ExtendedWord> ExtendedWords() { return kWords; }

void ApplyExtended(Parse* parse, View list) {
  while (!list.empty() && !parse->error) {
    const size_t end = std::min(list.find(','), list.size());
    const View word = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    ApplyWord(parse, word);
  }
}

}  // namespace rat_memcache::config
