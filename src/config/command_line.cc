// SPDX-License-Identifier: LGPL-3.0-or-later
#include "config/command_line.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "base/decimal.h"
#include "base/version.h"
#include "platform/memory.h"

namespace rat_memcache::config {
namespace {

constexpr size_t kKiB = size_t{1} << 10;
constexpr size_t kMiB = size_t{1} << 20;
constexpr size_t kItemSizeMin = kKiB;
constexpr size_t kItemSizeMax = size_t{1} << 30;
constexpr uint32_t kManyThreads = 64;
constexpr uint32_t kTtlMax = std::numeric_limits<int32_t>::max();
constexpr uint32_t kThreadsMax = 1024;
// The address space that is reserved for it has to exist.
constexpr uint64_t kMemoryMaxMiB = uint64_t{1} << 24;  // 16 TiB

// What parsing works on.
struct Parse {
  CommandLine result;
  bool item_size_given = false;
  std::optional<Error> error;

  // Keeps the first fault only.
  void Fail(std::string message, int exit_code = kExitUsage) {
    if (!error) error = Error{std::move(message), exit_code};
  }
  ServerOptions& options() { return result.options; }
};

struct Option {
  char letter;             // 0: long form only
  std::string_view name;   // long form
  std::string_view value;  // its name in the help, empty if the option takes none
  std::string_view help;   // empty: not shown
  void (*apply)(Parse* parse, std::string_view value);
};

std::string Quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

template <class T>
void ParseNumber(Parse* parse, std::string_view text, uint64_t min, uint64_t max, T* out,
                 std::string_view option, std::string_view what, int exit_code = 1) {
  const auto number = ParseStrict<uint64_t>(text);
  if (!number || *number < min || *number > max) {
    parse->Fail(std::string(option) + " takes " + std::string(what) + " from " +
                    std::to_string(min) + " to " + std::to_string(max) + "; " + Quoted(text) +
                    " is none",
                exit_code);
    return;
  }
  *out = static_cast<T>(*number);
}

// host, host:port, [v6]:port, :port, v6 without a port.
std::optional<ListenAddress> ParseAddress(std::string_view text) {
  ListenAddress address;
  std::string_view port;
  if (text.starts_with('[')) {
    const size_t end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    address.host = text.substr(1, end - 1);
    const std::string_view rest = text.substr(end + 1);
    if (!rest.empty() && !rest.starts_with(':')) return std::nullopt;
    if (!rest.empty()) port = rest.substr(1);
    if (!rest.empty() && port.empty()) return std::nullopt;
  } else if (std::count(text.begin(), text.end(), ':') == 1) {
    const size_t colon = text.find(':');
    address.host = text.substr(0, colon);
    port = text.substr(colon + 1);
    if (port.empty()) return std::nullopt;
  } else {
    address.host = text;
  }
  if (address.host == "*") address.host.clear();
  if (!port.empty()) {
    const auto number = ParseStrict<uint16_t>(port);
    if (!number) return std::nullopt;
    address.port = *number;
  }
  return address;
}

void AddListen(Parse* parse, std::string_view list, std::string_view option) {
  std::string& shown = parse->options().listen_text;
  shown += shown.empty() ? "" : ",";
  shown += list;
  while (!list.empty()) {
    const size_t end = std::min(list.find_first_of(",;"), list.size());
    const std::string_view item = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    if (item.empty()) continue;
    if (item.starts_with("unix:") || item.starts_with('/')) {
      return parse->Fail(std::string(option) +
                         ": Unix sockets are not served by this version; use an address like "
                         "127.0.0.1:11211");
    }
    for (const std::string_view prefix : {"notls:", "btls:", "mtls:", "proto[", "tag"}) {
      if (item.starts_with(prefix)) {
        return parse->Fail(std::string(option) + " " + Quoted(item) + ": listener prefixes like " +
                           Quoted(prefix) + " are not known to this version; write the address");
      }
    }
    const std::optional<ListenAddress> address = ParseAddress(item);
    if (!address) {
      return parse->Fail(std::string(option) + " takes ADDRESS, ADDRESS:PORT or [IPv6]:PORT; " +
                         Quoted(item) + " is none");
    }
    parse->options().listen.push_back(*address);
  }
}

void SetItemSize(Parse* parse, std::string_view text) {
  size_t unit = 1;
  std::string_view digits = text;
  if (!digits.empty()) {
    const char last = digits.back();
    if (last == 'k' || last == 'K') unit = kKiB;
    if (last == 'm' || last == 'M') unit = kMiB;
    if (unit != 1) digits.remove_suffix(1);
  }
  const auto number = ParseStrict<uint64_t>(digits);
  if (!number || *number > kItemSizeMax) {
    return parse->Fail("-I takes a size like 1048576, 512k or 4m, from 1k to 1024m; " +
                       Quoted(text) + " is none");
  }
  const uint64_t bytes = *number * unit;
  if (bytes < kItemSizeMin) {
    return parse->Fail("Item max size cannot be less than 1024 bytes; write -I 1k or more");
  }
  if (bytes > kItemSizeMax) {
    return parse->Fail("Cannot set item size limit higher than a gigabyte; write -I 1024m or less");
  }
  parse->options().item_size_max = bytes;
  parse->item_size_given = true;
}

void SetMemoryLimit(Parse* parse, std::string_view text) {
  size_t* const limit = &parse->options().memory_limit;
  if (text.ends_with('%')) {
    uint32_t percent = 0;
    ParseNumber(parse, text.substr(0, text.size() - 1), 1, 100, &percent, "-m N%",
                "a share of the memory", kExitUsage);
    *limit = std::max(platform::UsableMemory() / 100 * percent / kMiB, size_t{1}) * kMiB;
    return;
  }
  ParseNumber(parse, text, 1, kMemoryMaxMiB, limit, "-m",
              "a share of the memory such as 50%, or a number of megabytes", kExitUsage);
  *limit *= kMiB;
}

void SetEviction(Parse* parse, std::string_view text) {
  if (const auto strategy = ParseEvictionStrategy(text)) {
    parse->options().eviction = *strategy;
  } else {
    parse->Fail("--eviction-strategy " + Quoted(text) + " is unknown; there are " +
                EvictionStrategyNames());
  }
}

void SetSwitch(Parse* parse, std::string_view text, std::string_view option, bool* out) {
  if (text != "on" && text != "off") {
    return parse->Fail(std::string(option) + " takes on or off; " + Quoted(text) + " is neither");
  }
  *out = text == "on";
}

void SetPort(Parse* parse, std::string_view text) {
  // -1 is memcached's word for any free port; its 0, no TCP at all, would leave no way in.
  if (text == "-1") {
    parse->options().port = 0;
    return;
  }
  const auto number = ParseStrict<uint32_t>(text);
  if (number == 0u) {
    return parse->Fail(
        "-p 0 switches TCP off, and this version serves nothing else; use -p -1 for any free port");
  }
  if (!number || *number > std::numeric_limits<uint16_t>::max()) {
    return parse->Fail("ERROR: Invalid port number " + std::string(text) +
                       "; -p takes 1 to 65535, or -1 for any free port");
  }
  parse->options().port = static_cast<uint16_t>(*number);
}

void Refuse(Parse* parse, std::string_view option, std::string_view why) {
  parse->Fail(std::string(option) + " is not supported by this version: " + std::string(why));
}

constexpr std::string_view kNoEngineKnob = "there are no slab classes to tune; remove the option";

void SetPidFile(Parse* parse, std::string_view value) { parse->options().pid_file = value; }

// In the order of the help. Options of memcached that this version lacks stand behind.
constexpr Option kOptions[] = {
    {'p', "port", "NUM", "TCP port to listen on (default: 11211; -1: any free port)",
     [](Parse* p, std::string_view v) { SetPort(p, v); }},
    {'l', "listen", "ADDR",
     "address to listen on, with or without :PORT; may be repeated\n"
     "or be a list (default: 127.0.0.1; *: all interfaces)",
     [](Parse* p, std::string_view v) { AddListen(p, v, "-l"); }},
    {0, "bind", "ADDR:PORT", "the same as --listen",
     [](Parse* p, std::string_view v) { AddListen(p, v, "--bind"); }},
    {'d', "daemon", "", "run in the background",
     [](Parse* p, std::string_view) { p->options().daemon = true; }},
    {'u', "user", "USER", "change to this user after binding (only as root)",
     [](Parse* p, std::string_view v) { p->options().user = v; }},
    {'m', "memory-limit", "NUM",
     "memory for everything that is cached, index and buffers\n"
     "included, in MiB, or a share such as 50% of what the machine\n"
     "or the container has (default: 64)",
     [](Parse* p, std::string_view v) { SetMemoryLimit(p, v); }},
    {0, "eviction-strategy", "NAME",
     "what goes when memory is full: Fifo, Clock, Lru, Lfu, LruLfu,\n"
     "TtlBased, S3Fifo, TinyLfu, Adaptive, None (default: Adaptive)",
     [](Parse* p, std::string_view v) { SetEviction(p, v); }},
    {'M', "disable-evictions", "", "the same as --eviction-strategy None",
     [](Parse* p, std::string_view) { p->options().eviction = EvictionStrategy::kNone; }},
    {0, "default-ttl", "SECONDS",
     "life of items that are stored without one (default: 0, for ever)",
     [](Parse* p, std::string_view v) {
       ParseNumber(p, v, 0, kTtlMax, &p->options().ttl.default_ttl, "--default-ttl",
                   "a number of seconds");
     }},
    {0, "max-ttl", "SECONDS", "longest life of an item; longer ones are cut (default: 0, no limit)",
     [](Parse* p, std::string_view v) {
       ParseNumber(p, v, 0, kTtlMax, &p->options().ttl.max_ttl, "--max-ttl", "a number of seconds");
     }},
    {0, "cleanup-interval", "SECONDS", "between two searches for expired items (default: 1)",
     [](Parse* p, std::string_view v) {
       ParseNumber(p, v, 1, 86400, &p->options().ttl.cleanup_interval, "--cleanup-interval",
                   "a number of seconds");
     }},
    {0, "max-cleanup-entries", "NUM",
     "items that such a search looks at, per shard (default: 0, as\n"
     "many as 2 % of a core allows; more it never takes)",
     [](Parse* p, std::string_view v) {
       ParseNumber(p, v, 0, std::numeric_limits<uint64_t>::max(),
                   &p->options().ttl.max_cleanup_entries, "--max-cleanup-entries",
                   "a number of items");
     }},
    {0, "lazy-expiration", "on|off", "free an expired item when it is asked for (default: on)",
     [](Parse* p, std::string_view v) {
       SetSwitch(p, v, "--lazy-expiration", &p->options().ttl.lazy_expiration);
     }},
    {0, "active-expiration", "on|off", "free expired items unasked (default: on)",
     [](Parse* p, std::string_view v) {
       SetSwitch(p, v, "--active-expiration", &p->options().ttl.active_expiration);
     }},
    {'c', "conn-limit", "NUM",
     "connections, of which some are kept back for the server itself\n(default: 1024)",
     [](Parse* p, std::string_view v) {
       ParseNumber(p, v, 1, 1u << 24, &p->options().connections_max, "-c",
                   "a number of connections (a configuration file is given with --config FILE)");
     }},
    {'t', "threads", "NUM", "threads that serve connections (default: 4)",
     [](Parse* p, std::string_view v) {
       ParseNumber(p, v, 1, kThreadsMax, &p->options().threads, "-t", "a number of threads");
       if (p->options().threads > kManyThreads) {
         p->result.warnings.emplace_back(
             "-t is above 64; more threads than processors make the server slower");
       }
     }},
    {'I', "max-item-size", "SIZE",
     "largest item, with suffix k or m (default: 1m, at least 1k, at\nmost 1024m and half of -m)",
     [](Parse* p, std::string_view v) { SetItemSize(p, v); }},
    {'R', "max-reqs-per-event", "NUM",
     "requests of one connection that are served before it is\nanother one's turn (default: 20)",
     [](Parse* p, std::string_view v) {
       ParseNumber(p, v, 1, std::numeric_limits<uint32_t>::max(), &p->options().requests_per_event,
                   "-R", "a number of requests");
     }},
    {'b', "listen-backlog", "NUM", "backlog of the listening sockets (default: 1024)",
     [](Parse* p, std::string_view v) {
       ParseNumber(p, v, 1, std::numeric_limits<int32_t>::max(), &p->options().backlog, "-b",
                   "the length of the listen backlog (an address is given with --bind ADDR:PORT)");
     }},
    {'C', "disable-cas", "", "do without CAS uniques",
     [](Parse* p, std::string_view) { p->options().cas_enabled = false; }},
    {'F', "disable-flush-all", "", "refuse flush_all",
     [](Parse* p, std::string_view) { p->options().flush_enabled = false; }},
    {'P', "pidfile", "FILE", "write the process id to this file", SetPidFile},
    {0, "pid-file", "FILE", "the same as --pidfile", SetPidFile},
    {'v', "verbose", "", "say more; -vv shows every request",
     [](Parse* p, std::string_view) { ++p->options().verbosity; }},
    {'h', "help", "", "show this text",
     [](Parse* p, std::string_view) { p->result.action = CommandLine::Action::kShowHelp; }},
    {'i', "license", "", "show the licence",
     [](Parse* p, std::string_view) { p->result.action = CommandLine::Action::kShowLicense; }},
    {'V', "version", "", "show the version",
     [](Parse* p, std::string_view) { p->result.action = CommandLine::Action::kShowVersion; }},

    {'U', "udp-port", "NUM", "",
     [](Parse* p, std::string_view v) {
       if (v != "0") Refuse(p, "-U", "UDP is not served; use TCP, or -U 0");
     }},
    {'B', "protocol", "NAME", "",
     [](Parse* p, std::string_view v) {
       if (v != "auto" && v != "ascii") {
         Refuse(p, "-B " + std::string(v), "it speaks the text protocol; use -B ascii or -B auto");
       }
     }},
    {'o', "extended", "WORDS", "",
     [](Parse* p, std::string_view v) {
       if (v != "modern") Refuse(p, "-o " + std::string(v), "remove the option");
     }},
    {'s', "unix-socket", "FILE", "",
     [](Parse* p, std::string_view) { Refuse(p, "-s", "listen on an address with -l"); }},
    {'a', "unix-mask", "MASK", "",
     [](Parse* p, std::string_view) { Refuse(p, "-a", "there is no Unix socket; remove it"); }},
    {'A', "enable-shutdown", "", "",
     [](Parse* p, std::string_view) { Refuse(p, "-A", "stop the server with SIGTERM"); }},
    {'X', "disable-dumping", "", "",
     [](Parse* p, std::string_view) { Refuse(p, "-X", "there are no dumps; remove it"); }},
    {'W', "disable-watch", "", "",
     [](Parse* p, std::string_view) { Refuse(p, "-W", "there are no watchers; remove it"); }},
    {'Y', "auth-file", "FILE", "",
     [](Parse* p, std::string_view) { Refuse(p, "-Y", "listen on a trusted network with -l"); }},
    {'S', "enable-sasl", "", "",
     [](Parse* p, std::string_view) { Refuse(p, "-S", "listen on a trusted network with -l"); }},
    {'Z', "enable-ssl", "", "",
     [](Parse* p, std::string_view) { Refuse(p, "-Z", "put a TLS proxy in front"); }},
    {'D', "", "CHAR", "",
     [](Parse* p, std::string_view) { Refuse(p, "-D", "there are no prefix statistics"); }},
    {'k', "lock-memory", "", "",
     [](Parse* p, std::string_view) { Refuse(p, "-k", "switch swapping off instead"); }},
    {'r', "enable-coredumps", "", "",
     [](Parse* p, std::string_view) { Refuse(p, "-r", "raise the limit with ulimit -c"); }},
    {'L', "enable-largepages", "", "",
     [](Parse* p, std::string_view) { Refuse(p, "-L", "huge pages are used where they help"); }},
    {'e', "memory-file", "FILE", "",
     [](Parse* p, std::string_view) { Refuse(p, "-e", "memory is not kept over a restart"); }},
    {'N', "napi-ids", "NUM", "",
     [](Parse* p, std::string_view) { Refuse(p, "-N", "connections are dealt out in turn"); }},
    {'f', "slab-growth-factor", "NUM", "",
     [](Parse* p, std::string_view) { Refuse(p, "-f", kNoEngineKnob); }},
    {'n', "slab-min-size", "NUM", "",
     [](Parse* p, std::string_view) { Refuse(p, "-n", kNoEngineKnob); }},
    {0, "config", "FILE", "",
     [](Parse* p, std::string_view) { Refuse(p, "--config", "use the options of --help"); }},
    {0, "data-dir", "DIR", "",
     [](Parse* p, std::string_view) { Refuse(p, "--data-dir", "it caches in memory only"); }},
};

const Option* FindLetter(char letter) {
  for (const Option& option : kOptions) {
    if (option.letter == letter && letter != 0) return &option;
  }
  return nullptr;
}

// By full name, or by a beginning that only one option has.
const Option* FindName(std::string_view name) {
  const Option* found = nullptr;
  for (const Option& option : kOptions) {
    if (option.name == name) return &option;
    if (!name.empty() && option.name.starts_with(name)) {
      if (found != nullptr && found->apply != option.apply) return nullptr;
      found = &option;
    }
  }
  return found;
}

// Walks over the arguments; takes the next one as the value of an option that wants one.
class Walker {
 public:
  Walker(const std::vector<std::string>& arguments, Parse* parse)
      : arguments_(arguments), parse_(parse) {}

  void Run() {
    while (at_ < arguments_.size() && !parse_->error) {
      const std::string_view argument = arguments_[at_++];
      if (argument == "--") break;
      if (argument.starts_with("--")) {
        Long(argument.substr(2));
      } else if (argument.starts_with('-') && argument.size() > 1) {
        Letters(argument.substr(1));
      } else if (!argument.empty()) {
        parse_->result.warnings.push_back("argument " + Quoted(argument) +
                                          " is no option and has no effect");
      }
    }
  }

 private:
  void Long(std::string_view text) {
    const size_t equals = text.find('=');
    const std::string_view name = text.substr(0, equals);
    const Option* const option = FindName(name);
    if (option == nullptr) {
      return parse_->Fail("unknown option --" + std::string(name) + "; --help lists what there is",
                          1);
    }
    // memcached lets --verbose have a value and ignores it.
    const bool has_value = equals != std::string_view::npos;
    if (option->value.empty()) return option->apply(parse_, {});
    if (has_value) return option->apply(parse_, text.substr(equals + 1));
    ApplyNext(*option, "--" + std::string(option->name));
  }
  void Letters(std::string_view letters) {
    while (!letters.empty() && !parse_->error) {
      const std::string shown = {'-', letters[0]};
      const Option* const option = FindLetter(letters[0]);
      letters.remove_prefix(1);
      if (option == nullptr) {
        return parse_->Fail("unknown option " + shown + "; --help lists what there is", 1);
      }
      if (option->value.empty()) {
        option->apply(parse_, {});
      } else if (letters.empty()) {
        return ApplyNext(*option, shown);
      } else {
        return option->apply(parse_, letters);
      }
    }
  }
  void ApplyNext(const Option& option, const std::string& shown) {
    if (at_ == arguments_.size()) {
      return parse_->Fail(
          "option " + shown + " needs a value: " + shown + " " + std::string(option.value), 1);
    }
    option.apply(parse_, arguments_[at_++]);
  }

  const std::vector<std::string>& arguments_;
  Parse* const parse_;
  size_t at_ = 0;
};

void CheckTogether(Parse* parse) {
  ServerOptions& options = parse->options();
  if (!options.ttl.lazy_expiration && !options.ttl.active_expiration) {
    return parse->Fail(
        "--lazy-expiration and --active-expiration are both off: expired items would stay in "
        "memory; switch one of them on");
  }
  if (options.ttl.max_ttl != 0 && options.ttl.default_ttl > options.ttl.max_ttl) {
    return parse->Fail("--default-ttl is above --max-ttl; lower it, or raise --max-ttl");
  }
  if (options.item_size_max > options.memory_limit / 2) {
    if (parse->item_size_given) {
      return parse->Fail(
          "Cannot set item size limit higher than 1/2 of memory max. Lower -I or raise -m");
    }
    // memcached refuses to start. A small -m alone is clear enough.
    options.item_size_max = options.memory_limit / 2;
    parse->result.warnings.push_back("items are limited to " +
                                     std::to_string(options.item_size_max / kKiB) +
                                     " KiB, half of -m; -I sets another limit");
  }
  if (options.connections_max <= options.reserved_descriptors()) {
    return parse->Fail("Maxconns setting is too low, use -c to increase: with " +
                           std::to_string(options.threads) + " threads (-t) it must be above " +
                           std::to_string(options.reserved_descriptors()),
                       1);
  }
}

}  // namespace

Result<CommandLine> ParseCommandLine(const std::vector<std::string>& arguments) {
  Parse parse;
  Walker(arguments, &parse).Run();
  if (!parse.error && parse.result.action == CommandLine::Action::kRun) CheckTogether(&parse);
  if (parse.error) return *parse.error;
  return std::move(parse.result);
}

std::string HelpText() {
  constexpr size_t kColumn = 30;
  std::string text = "rat_memcached " + std::string(kVersion) +
                     ": a memory cache that takes the place of memcached " + kMemcachedVersion +
                     "\n\nUsage: rat_memcached [option ...]\n\n";
  for (const Option& option : kOptions) {
    if (option.help.empty()) continue;
    std::string line = "  ";
    line += option.letter != 0 ? std::string{'-', option.letter, ',', ' '} : "    ";
    line += "--" + std::string(option.name);
    if (!option.value.empty()) line += " " + std::string(option.value);
    line.resize(std::max(line.size() + 1, kColumn), ' ');
    for (const char c : option.help) {
      line += c;
      if (c == '\n') line.append(kColumn, ' ');
    }
    text += line + "\n";
  }
  text +=
      "\nExample: rat_memcached -m 1024 -l 127.0.0.1:11211,[::1]:11211\n"
      "Signals: SIGTERM and SIGINT finish what was received and stop.\n";
  return text;
}

}  // namespace rat_memcache::config
