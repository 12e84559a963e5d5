// SPDX-License-Identifier: LGPL-3.0-or-later
#include "config/option_table.h"

#include <algorithm>
#include <limits>

#include "base/decimal.h"
#include "config/extended_options.h"
#include "config/listen_option.h"
#include "config/option_numbers.h"
#include "platform/memory.h"

namespace rat_memcache::config {
namespace {

using View = std::string_view;

constexpr size_t kItemSizeMin = kKiB;
constexpr size_t kItemSizeMax = size_t{1} << 30;
constexpr uint32_t kThreadsMax = 1024;
constexpr uint32_t kManyThreads = 64;
constexpr uint16_t kPortMax = std::numeric_limits<uint16_t>::max();
// The address space that is reserved for it has to exist.
constexpr uint64_t kMemoryMaxMiB = uint64_t{1} << 24;  // 16 TiB
// Above it there is one size class in any case.
constexpr double kGrowthFactorMax = 1 << 20;
constexpr uint32_t kModeMax = 07777;

void SetPort(Parse* parse, View text) {
  ServerOptions& options = parse->options();
  parse->port_given = true;
  // 0 stands for any free port in ServerOptions.
  if (text == "-1") {
    options.port = 0;
    options.tcp_enabled = true;
    return;
  }
  const auto number = ParseStrict<uint32_t>(text);
  if (!number || *number > kPortMax) {
    return parse->Fail("ERROR: Invalid port number " + std::string(text) +
                       "; -p takes 1 to 65535, -1 for any free port, or 0 for no TCP");
  }
  options.port = static_cast<uint16_t>(*number);
  options.tcp_enabled = *number != 0;
}

void SetUdpPort(Parse* parse, View text) {
  ServerOptions& options = parse->options();
  // -1 is memcached's word for any free port.
  if (text == "-1") {
    options.udp_enabled = true;
    options.udp_port = 0;
    return;
  }
  ReadNumber(parse,
             {.option = "-U", .what = "a UDP port", .max = kPortMax, .exit_code = kExitUsage}, text,
             &options.udp_port);
  options.udp_enabled = options.udp_port != 0;
}

void SetUnixSocket(Parse* parse, View text) {
  if (text.empty()) return parse->Fail("-s names no file; write -s /run/rat_memcached.sock");
  parse->options().unix_socket = text;
}

void SetUnixMask(Parse* parse, View text) {
  uint32_t mode = 0;
  for (const char c : text) {
    if (c < '0' || c > '7' || mode > kModeMax / 8) {
      return parse->Fail("-a takes an octal mode such as 700 or 0755; " + Quoted(text) + " is none",
                         1);
    }
    mode = mode * 8 + static_cast<uint32_t>(c - '0');
  }
  if (text.empty()) return parse->Fail("-a takes an octal mode such as 700 or 0755", 1);
  parse->options().unix_mask = mode;
}

void SetProtocol(Parse* parse, View text) {
  WireProtocol& protocol = parse->options().protocol;
  parse->protocol_given = true;
  if (text == "auto") {
    protocol = WireProtocol::kNegotiated;
  } else if (text == "ascii") {
    protocol = WireProtocol::kAscii;
  } else if (text == "binary") {
    protocol = WireProtocol::kBinary;
  } else {
    parse->Fail("Invalid value for binding protocol: " + std::string(text) +
                " -- should be one of auto, binary, or ascii; write -B auto");
  }
}

void SetItemSize(Parse* parse, View text) {
  const auto bytes = ParseSize(text);
  if (!bytes) {
    return parse->Fail("-I takes a size like 1048576, 512k or 4m, from 1k to 1024m; " +
                       Quoted(text) + " is none");
  }
  if (*bytes < kItemSizeMin) {
    return parse->Fail("Item max size cannot be less than 1024 bytes; write -I 1k or more");
  }
  if (*bytes > kItemSizeMax) {
    return parse->Fail("Cannot set item size limit higher than a gigabyte; write -I 1024m or less");
  }
  parse->options().item_size_max = *bytes;
  parse->item_size_given = true;
}

void SetMemoryLimit(Parse* parse, View text) {
  size_t* const limit = &parse->options().memory_limit;
  if (text.ends_with('%')) {
    uint32_t percent = 0;
    ReadNumber(parse,
               {.option = "-m N%",
                .what = "a share of the memory",
                .min = 1,
                .max = 100,
                .exit_code = kExitUsage},
               text.substr(0, text.size() - 1), &percent);
    *limit = std::max(platform::UsableMemory() / 100 * percent / kMiB, size_t{1}) * kMiB;
    return;
  }
  ReadUnits(parse,
            {.option = "-m",
             .what = "a share of the memory such as 50%, or a number of megabytes",
             .min = 1,
             .max = kMemoryMaxMiB,
             .exit_code = kExitUsage},
            kMiB, text, limit);
}

void SetEviction(Parse* parse, View text) {
  if (const auto strategy = ParseEvictionStrategy(text)) {
    parse->options().eviction = *strategy;
  } else {
    parse->Fail("--eviction-strategy " + Quoted(text) + " is unknown; there are " +
                EvictionStrategyNames());
  }
}

void SetSeconds(Parse* parse, View option, uint64_t min, uint64_t max, View text, uint32_t* out) {
  ReadNumber(parse, {.option = option, .what = "a number of seconds", .min = min, .max = max}, text,
             out);
}

void SetSwitch(Parse* parse, View text, View option, bool* out) {
  if (text != "on" && text != "off") {
    return parse->Fail(std::string(option) + " takes on or off; " + Quoted(text) + " is neither");
  }
  *out = text == "on";
}

void SetUploadMemory(Parse* parse, View text) {
  const auto bytes = ParseSize(text);
  if (!bytes || *bytes < kKiB || *bytes > kMemoryMaxMiB * kMiB) {
    return parse->Fail("--max-upload-memory takes a size like 64m or 512k, of at least 1k; " +
                       Quoted(text) + " is none");
  }
  parse->options().streaming.max_upload_memory = *bytes;
}

void SetConnections(Parse* parse, View text) {
  ReadNumber(parse,
             {.option = "-c",
              .what = "a number of connections (a configuration file is given with --config FILE)",
              .min = 1,
              .max = 1u << 24,
              .fault = "Maximum connections must be greater than 0",
              .fault_above = false},
             text, &parse->options().connections_max);
}

void SetThreads(Parse* parse, View text) {
  uint32_t& threads = parse->options().threads;
  ReadNumber(parse,
             {.option = "-t",
              .what = "a number of threads",
              .min = 1,
              .max = kThreadsMax,
              .fault = "Number of threads must be greater than 0",
              .fault_above = false},
             text, &threads);
  if (threads > kManyThreads) {
    parse->Warn(
        "-t is above 64: Setting a high number of workerthreads is not recommended. Set this value "
        "to the number of cores in your machine or less.");
  }
}

void SetRequestsPerEvent(Parse* parse, View text) {
  ReadNumber(parse,
             {.option = "-R",
              .what = "a number of requests",
              .min = 1,
              .max = kIntMax,
              .fault = "Number of requests per event must be greater than 0",
              .fault_above = false},
             text, &parse->options().requests_per_event);
}

void SetBacklog(Parse* parse, View text) {
  ReadNumber(
      parse,
      {.option = "-b",
       .what = "the length of the listen backlog (an address is given with --bind ADDR:PORT)"},
      text, &parse->options().backlog);
}

void SetGrowthFactor(Parse* parse, View text) {
  const auto factor = ParseFraction(text);
  if (!factor || *factor <= 1 || *factor > kGrowthFactorMax) {
    return parse->Fail("Factor must be greater than 1; -f takes a number such as 1.25, and " +
                           Quoted(text) + " is none",
                       1);
  }
  parse->options().hints.growth_factor = *factor;
}

void SetChunkSize(Parse* parse, View text) {
  ReadNumber(parse,
             {.option = "-n",
              .what = "a number of bytes",
              .min = 1,
              .max = kItemSizeMax,
              .fault = "Chunk size must be greater than 0",
              .fault_above = false},
             text, &parse->options().hints.chunk_size);
}

void SetNapiIds(Parse* parse, View text) {
  ReadNumber(parse,
             {.option = "-N",
              .what = "a number of NAPI ids",
              .min = 1,
              .fault = "Maximum number of NAPI IDs must be greater than 0",
              .fault_above = false},
             text, &parse->options().hints.napi_ids);
}

void SetDelimiter(Parse* parse, View text) {
  if (text.empty()) {
    return parse->Fail("No delimiter specified; -D takes a character such as :", 1);
  }
  if (text.size() > 1) {
    parse->Warn("-D " + Quoted(text) + ": only the first character is the delimiter");
  }
  parse->options().prefix_delimiter = text[0];
  parse->options().detail_enabled = true;
}

void SetAuthFile(Parse* parse, View text) {
  if (text.empty())
    return parse->Fail("-Y names no file; write -Y FILE with lines user:password", 1);
  parse->options().auth_file = text;
}

void SetPidFile(Parse* parse, View text) { parse->options().pid_file = text; }

void RefuseMemoryFile(Parse* parse, View) {
  parse->Fail(
      "-e is not supported by this version, and starting without what the file is to keep would "
      "lose it; a persistent tier (--data-dir) is to come; without -e a restart begins empty");
}

constexpr Option Heading(View text) { return {0, {}, {}, nullptr, text}; }

constexpr Option kOptions[] = {
    Heading("Where it listens"),
    {'p', "port", "NUM", SetPort, "TCP port (default: 11211; -1: any free port; 0: no TCP)"},
    {'l', "listen", "ADDR", [](Parse* p, View v) { AddListen(p, v, "-l"); },
     "address to listen on, with or without :PORT; may be repeated or be a list (default: "
     "127.0.0.1; *: all interfaces)"},
    {0, "bind", "ADDR:PORT", [](Parse* p, View v) { AddListen(p, v, "--bind"); },
     "the same as --listen"},
    {'U', "udp-port", "NUM", SetUdpPort, "UDP port (default: 0, no UDP)", &Features::udp},
    {'s', "unix-socket", "FILE", SetUnixSocket, "listen on this Unix socket, and on nothing else",
     &Features::unix_socket},
    {'a', "unix-mask", "MODE", SetUnixMask, "mode of the Unix socket, octal (default: 700)",
     &Features::unix_socket},
    {'b', "listen-backlog", "NUM", SetBacklog, "backlog of the listening sockets (default: 1024)"},
    {'B', "protocol", "NAME", SetProtocol,
     "auto, ascii or binary (default: auto, each connection as it begins)",
     &Features::binary_protocol},

    Heading("What it caches"),
    {'m', "memory-limit", "NUM", SetMemoryLimit,
     "memory for everything that is cached, index and buffers included, in MiB, or a share such as "
     "50% of what the machine or the container has (default: 64)"},
    {'I', "max-item-size", "SIZE", SetItemSize,
     "largest item, with suffix k or m (default: 1m, at least 1k, at most 1024m and half of -m)"},
    {0, "eviction-strategy", "NAME", SetEviction,
     "what goes when memory is full: Fifo, Clock, Lru, Lfu, LruLfu, TtlBased, S3Fifo, TinyLfu, "
     "Adaptive, None (default: Adaptive)"},
    {'M', "disable-evictions", "",
     [](Parse* p, View) { p->options().eviction = EvictionStrategy::kNone; },
     "the same as --eviction-strategy None"},
    {0, "default-ttl", "SECONDS",
     [](Parse* p, View v) {
       SetSeconds(p, "--default-ttl", 0, kIntMax, v, &p->options().ttl.default_ttl);
     },
     "life of items that are stored without one (default: 0, for ever)"},
    {0, "max-ttl", "SECONDS",
     [](Parse* p, View v) { SetSeconds(p, "--max-ttl", 0, kIntMax, v, &p->options().ttl.max_ttl); },
     "longest life of an item; longer ones are cut (default: 0, no limit)"},
    {0, "lazy-expiration", "on|off",
     [](Parse* p, View v) {
       SetSwitch(p, v, "--lazy-expiration", &p->options().ttl.lazy_expiration);
     },
     "free an expired item when it is asked for (default: on)"},
    {0, "active-expiration", "on|off",
     [](Parse* p, View v) {
       SetSwitch(p, v, "--active-expiration", &p->options().ttl.active_expiration);
     },
     "free expired items unasked (default: on)"},
    {0, "cleanup-interval", "SECONDS",
     [](Parse* p, View v) {
       SetSeconds(p, "--cleanup-interval", 1, 86400, v, &p->options().ttl.cleanup_interval);
     },
     "between two searches for expired items (default: 1)"},
    {0, "max-cleanup-entries", "NUM",
     [](Parse* p, View v) {
       ReadNumber(p,
                  {.option = "--max-cleanup-entries",
                   .what = "a number of items",
                   .max = std::numeric_limits<uint64_t>::max()},
                  v, &p->options().ttl.max_cleanup_entries);
     },
     "items that such a search looks at, per shard (default: 0, as many as 2 % of a core allows; "
     "more it never takes)"},
    {0, "streaming", "on|off",
     [](Parse* p, View v) { SetSwitch(p, v, "--streaming", &p->options().streaming.enabled); },
     "large values by chunks: streaming_get, set_begin and so on (default: on)"},
    {0, "max-upload-memory", "SIZE", SetUploadMemory,
     "for chunks of values that are not complete yet, with suffix k or m (default: 64m)"},
    {0, "upload-timeout", "SECONDS",
     [](Parse* p, View v) {
       SetSeconds(p, "--upload-timeout", 1, 86400, v, &p->options().streaming.upload_timeout);
     },
     "after which chunks are dropped if no more come (default: 60)"},

    Heading("How it serves"),
    {'c', "conn-limit", "NUM", SetConnections,
     "connections, of which some are kept back for the server itself (default: 1024)"},
    {'t', "threads", "NUM", SetThreads, "threads that serve connections (default: 4)"},
    {'R', "max-reqs-per-event", "NUM", SetRequestsPerEvent,
     "requests of one connection that are served before it is another one's turn (default: 20)"},
    {'C', "disable-cas", "", [](Parse* p, View) { p->options().cas_enabled = false; },
     "do without CAS uniques"},
    {'D', "", "CHAR", SetDelimiter,
     "count requests by the part of the key before this character, for \"stats detail dump\" "
     "(default: not counted; the command \"stats detail on\" counts, by :)"},

    Heading("Who may do what"),
    {'Y', "auth-file", "FILE", SetAuthFile,
     "ask for a password first: lines user:password; text protocol only", &Features::ascii_auth},
    {'S', "enable-sasl", "", [](Parse* p, View) { p->options().sasl_enabled = true; },
     "ask for a password by SASL; binary protocol only", &Features::sasl},
    {'Z', "enable-ssl", "", [](Parse* p, View) { p->options().tls.enabled = true; },
     "TLS; with -o ssl_chain_cert=FILE,ssl_key=FILE", &Features::tls},
    {'F', "disable-flush-all", "", [](Parse* p, View) { p->options().flush_enabled = false; },
     "refuse flush_all"},
    {'X', "disable-dumping", "", [](Parse* p, View) { p->options().dump_enabled = false; },
     "refuse to list keys: stats cachedump, stats detail, lru_crawler metadump"},
    {'W', "disable-watch", "", [](Parse* p, View) { p->options().watch_enabled = false; },
     "refuse watch"},
    {'A', "enable-shutdown", "", [](Parse* p, View) { p->options().shutdown_enabled = true; },
     "allow the command shutdown"},

    Heading("How it runs"),
    {'d', "daemon", "", [](Parse* p, View) { p->options().daemon = true; },
     "run in the background"},
    {'u', "user", "USER", [](Parse* p, View v) { p->options().user = v; },
     "change to this user after binding (only as root)"},
    {'P', "pidfile", "FILE", SetPidFile, "write the process id to this file"},
    {0, "pid-file", "FILE", SetPidFile, "the same as --pidfile"},
    {'k', "lock-memory", "", [](Parse* p, View) { p->options().lock_memory = true; },
     "keep all memory from being swapped out"},
    {'r', "enable-coredumps", "", [](Parse* p, View) { p->options().core_dumps = true; },
     "let a crash leave a core file"},
    {'v', "verbose", "", [](Parse* p, View) { ++p->options().verbosity; },
     "say more; -vv shows every request"},
    {'h', "help", "", [](Parse* p, View) { p->result.action = CommandLine::Action::kShowHelp; },
     "show this text"},
    {'i', "license", "",
     [](Parse* p, View) { p->result.action = CommandLine::Action::kShowLicense; },
     "show the licence"},
    {'V', "version", "",
     [](Parse* p, View) { p->result.action = CommandLine::Action::kShowVersion; },
     "show the version"},
    Heading("More, as words of -o"),
    {'o', "extended", "WORDS", ApplyExtended,
     "a list of the words below, with commas; may be repeated: -o idle_timeout=60,track_sizes"},

    // Without an effect on what is served.
    {'f', "slab-growth-factor", "NUM", SetGrowthFactor},
    {'n', "slab-min-size", "NUM", SetChunkSize},
    {'N', "napi-ids", "NUM", SetNapiIds},
    {'N', "napi_ids", "NUM", SetNapiIds},
    {'L', "enable-largepages", "",
     [](Parse* p, View) {
       p->options().large_pages = true;
       p->Warn("-L has no effect: this version takes memory in pages of the usual size; remove it");
     }},
    {'e', "memory-file", "FILE", RefuseMemoryFile},
    {0, "config", "FILE",
     [](Parse* p, View) {
       p->Fail("--config is not supported by this version: use the options of --help");
     }},
    {0, "data-dir", "DIR",
     [](Parse* p, View) {
       p->Fail("--data-dir is not supported by this version: it caches in memory only; remove it");
     }},
};

}  // namespace

std::span<const Option> Options() { return kOptions; }

const Option* FindLetter(char letter) {
  if (letter == 0) return nullptr;
  const auto* const found =
      std::find_if(std::begin(kOptions), std::end(kOptions),
                   [&](const Option& option) { return option.letter == letter; });
  return found == std::end(kOptions) ? nullptr : found;
}

const Option* FindName(View name) {
  if (name.empty()) return nullptr;
  const Option* found = nullptr;
  bool unique = true;
  for (const Option& option : kOptions) {
    if (option.name == name) return &option;
    if (!option.name.starts_with(name)) continue;
    unique = unique && (found == nullptr || found->apply == option.apply);
    found = &option;
  }
  return unique ? found : nullptr;
}

}  // namespace rat_memcache::config
