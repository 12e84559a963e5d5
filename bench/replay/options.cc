// SPDX-License-Identifier: LGPL-3.0-or-later
#include "replay/options.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <string_view>
#include <system_error>

#include "base/decimal.h"
#include "config/eviction_strategy.h"
#include "replay/key_name.h"

namespace rat_memcache::replay {
namespace {

using Text = std::string_view;

constexpr uint32_t kMax32 = std::numeric_limits<uint32_t>::max();
constexpr uint64_t kMax64 = std::numeric_limits<uint64_t>::max();
// Shapes use numbers beyond those of the keys.
constexpr uint32_t kMaxKeys = 1u << 30;
constexpr uint32_t kMaxWindow = 1000;

template <class T>
bool ParseWhole(Text text, T min, T max, T* out) {
  const std::optional<T> number = ParseStrict<T>(text);
  if (!number || *number < min || *number > max) return false;
  *out = *number;
  return true;
}

bool ParseReal(Text text, double min, double max, double* out) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, *out);
  return error == std::errc{} && stop == end && *out >= min && *out <= max;
}

bool ParseSizes(Text text, SizeRange* out) {
  const size_t dash = text.find('-');
  const Text min = text.substr(0, dash);
  const Text max = dash == Text::npos ? min : text.substr(dash + 1);
  return ParseWhole(min, 0u, kMaxValueSize, &out->min) &&
         ParseWhole(max, out->min, kMaxValueSize, &out->max);
}

bool ParseTtls(Text text, std::vector<uint32_t>* out) {
  out->clear();
  for (bool more = true; more;) {
    const size_t comma = text.find(',');
    more = comma != Text::npos;
    out->push_back(0);
    if (!ParseWhole(text.substr(0, comma), 0u, kMax32, &out->back())) return false;
    text.remove_prefix(more ? comma + 1 : text.size());
  }
  return true;
}

// 1048576, 1024K, 1M, 1G.
bool ParseBytes(Text text, size_t* out) {
  constexpr Text kUnits = "KMG";
  const size_t unit = text.empty() ? Text::npos : kUnits.find(text.back());
  const int shift = unit == Text::npos ? 0 : 10 * (static_cast<int>(unit) + 1);
  if (shift != 0) text.remove_suffix(1);
  if (!ParseWhole<size_t>(text, 1, kMax64 >> shift, out)) return false;
  *out <<= shift;
  return true;
}

bool ParseServer(Text text, Options* o) {
  const size_t colon = text.rfind(':');
  if (colon == Text::npos || colon == 0) return false;
  if (!o->server) o->server.emplace();
  o->server->host = text.substr(0, colon);
  return ParseWhole<uint16_t>(text.substr(colon + 1), 1, 65535, &o->server->port);
}

bool ParsePolicy(Text text, Options* o) {
  const auto strategy = config::ParseEvictionStrategy(text);
  if (strategy) o->store.eviction = *strategy;
  o->engine = true;
  return strategy.has_value();
}

// What --window and --send-ttl say, whether --server comes before or after them.
struct Parsed {
  Options options;
  ServerOptions server;
  bool synthetic = false;
  bool format = false;
  bool memory = false;
};

// `parse` takes the value, which is empty for a flag without one (`value` is null), and returns
// whether it is acceptable. `expects` ends the sentence "write ...".
struct Flag {
  Text name;
  const char* value;
  const char* help;
  const char* expects;
  bool (*parse)(Text text, Parsed* parsed);
};

constexpr Flag kFlags[] = {
    {"trace", "FILE", "requests from a file, - for standard input", "a path, or -",
     [](Text t, Parsed* p) {
       p->options.trace = t;
       return !t.empty();
     }},
    {"format", "be32|be64|text",
     "its format: big-endian numbers, or lines of KEY[,SIZE[,TTL]] (text)", "be32, be64 or text",
     [](Text t, Parsed* p) {
       const auto format = ParseTraceFormat(t);
       if (format) p->options.format = *format;
       return p->format = format.has_value();
     }},
    {"synthetic", "SHAPE", "requests by formula: zipf, shift, scan, loop or mix (zipf)",
     "zipf, shift, scan, loop or mix",
     [](Text t, Parsed* p) {
       const auto shape = ParseShape(t);
       if (shape) p->options.synthetic.shape = *shape;
       return p->synthetic = shape.has_value();
     }},
    {"requests", "N", "how many; of a file, the first (5000000; a file's all)", "a number from 1",
     [](Text t, Parsed* p) {
       return ParseWhole<uint64_t>(t, 1, kMax64, &p->options.requests.emplace());
     }},
    {"keys", "N", "different keys of a shape (500000)", "a number from 1 to 1073741824",
     [](Text t, Parsed* p) { return ParseWhole(t, 1u, kMaxKeys, &p->options.synthetic.keys); }},
    {"skew", "S", "exponent of zipf, shift and scan (1.0)", "a number from 0 to 5, such as 0.9",
     [](Text t, Parsed* p) { return ParseReal(t, 0, 5, &p->options.synthetic.skew); }},
    {"interval", "N", "requests between two shifts or scans (as many as keys)",
     "a number from 1 to 4294967295",
     [](Text t, Parsed* p) { return ParseWhole(t, 1u, kMax32, &p->options.synthetic.interval); }},
    {"scan-length", "N", "keys of a scan (a quarter of the keys)", "a number from 1 to 4294967295",
     [](Text t, Parsed* p) {
       return ParseWhole(t, 1u, kMax32, &p->options.synthetic.scan_length);
     }},
    {"seed", "N", "start of all random numbers (1)", "a whole number",
     [](Text t, Parsed* p) {
       return ParseWhole<uint64_t>(t, 0, kMax64, &p->options.synthetic.seed);
     }},
    {"value-size", "BYTES",
     "of all values, or MIN-MAX: every key has its own, log-uniform (20-500)",
     "a size up to 1048576, or a range such as 20-500",
     [](Text t, Parsed* p) { return ParseSizes(t, &p->options.value_size); }},
    {"ttl", "LIST", "seconds, 0 for ever; every key has its own out of a list such as 0,60,600 (0)",
     "seconds, or a list such as 0,60,600",
     [](Text t, Parsed* p) { return ParseTtls(t, &p->options.ttls); }},
    {"key-size", "BYTES", "of the keys made of numbers; long numbers make longer ones (14)",
     "a number from 5 to 250",
     [](Text t, Parsed* p) {
       return ParseWhole(t, KeyName::kMinSize, KeyName::kMaxSize, &p->options.key_size);
     }},
    {"policy", "NAME", "replay in this process, with this eviction policy", nullptr,
     [](Text t, Parsed* p) { return ParsePolicy(t, &p->options); }},
    {"memory", "BYTES", "what the engine may use; takes K, M and G", "bytes such as 1500000 or 2M",
     [](Text t, Parsed* p) { return p->memory = ParseBytes(t, &p->options.store.memory_limit); }},
    {"shards", "N", "of the engine (0: it chooses)", "a number from 0 to 4096",
     [](Text t, Parsed* p) { return ParseWhole(t, 0u, 4096u, &p->options.store.shards); }},
    {"segment-bytes", "BYTES", "of the engine's log (left to it); takes K, M and G",
     "a power of two such as 64K",
     [](Text t, Parsed* p) { return ParseBytes(t, &p->options.store.segment_bytes); }},
    {"rate", "N", "requests per simulated second of the engine; 0: time stands still (100000)",
     "a number from 0 to 4294967295",
     [](Text t, Parsed* p) { return ParseWhole(t, 0u, kMax32, &p->options.rate); }},
    {"server", "HOST:PORT", "replay against a server", "an address such as 127.0.0.1:11211",
     [](Text t, Parsed* p) { return ParseServer(t, &p->options); }},
    {"window", "N", "requests that are sent to a server at once (32)", "a number from 1 to 1000",
     [](Text t, Parsed* p) { return ParseWhole(t, 1u, kMaxWindow, &p->server.window); }},
    {"send-ttl", nullptr, "give a server the TTLs; they run in real time", "",
     [](Text, Parsed* p) { return p->server.send_ttl = true; }},
    {"progress", nullptr, "show it even if stderr is no terminal", "",
     [](Text, Parsed* p) { return p->options.progress = true; }},
    {"help", nullptr, "this text", "", [](Text, Parsed* p) { return p->options.help = true; }},
};

const Flag* FindFlag(Text name) {
  const auto* const found = std::find_if(std::begin(kFlags), std::end(kFlags),
                                         [&](const Flag& flag) { return flag.name == name; });
  return found == std::end(kFlags) ? nullptr : found;
}

Error UsageError(std::string message) { return {std::move(message), kExitUsage}; }

std::string Expected(const Flag& flag) {
  return flag.expects != nullptr ? flag.expects : "one of " + config::EvictionStrategyNames();
}

// What no flag can see alone.
Result<Options> Complete(Parsed parsed) {
  Options& options = parsed.options;
  if (!options.trace.empty() && parsed.synthetic) {
    return UsageError("--trace and --synthetic exclude each other: leave one out");
  }
  if (options.trace.empty() && parsed.format) {
    return UsageError("--format is for files: write --trace FILE too");
  }
  if (options.engine && options.server) {
    return UsageError("--policy and --server exclude each other: leave one out");
  }
  if (options.engine != parsed.memory) {
    return UsageError("--policy NAME and --memory BYTES need each other: write both");
  }
  if (options.requests) options.synthetic.requests = *options.requests;
  if (options.server) {
    options.server->window = parsed.server.window;
    options.server->send_ttl = parsed.server.send_ttl;
  }
  // The same hashes in every run; 0 would let the store draw its own.
  options.store.seed = std::max<uint64_t>(options.synthetic.seed, 1);
  // What memcached's -m 1 does with its -I.
  options.store.item_size_max =
      std::min(options.store.item_size_max, options.store.memory_limit / 2);
  return std::move(options);
}

}  // namespace

Result<Options> ParseOptions(std::span<const char* const> arguments) {
  Parsed parsed;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const Text argument = arguments[i];
    const size_t equals = argument.find('=');
    const std::string shown(argument.substr(0, equals));
    const Flag* const flag = shown.starts_with("--") ? FindFlag(Text(shown).substr(2)) : nullptr;
    if (flag == nullptr) {
      return UsageError("unknown option " + shown + ": write one of those that --help lists");
    }
    Text value;
    if (flag->value == nullptr) {
      if (equals != Text::npos) return UsageError(shown + " takes no value: write it alone");
    } else if (equals != Text::npos) {
      value = argument.substr(equals + 1);
    } else if (++i < arguments.size()) {
      value = arguments[i];
    } else {
      return UsageError(shown + " needs a value: write " + Expected(*flag));
    }
    if (!flag->parse(value, &parsed)) {
      return UsageError(shown + " " + std::string(value) + ": write " + Expected(*flag));
    }
    if (parsed.options.help) return std::move(parsed.options);
  }
  return Complete(std::move(parsed));
}

std::string HelpText() {
  constexpr size_t kHelpColumn = 28;
  std::string text =
      "Usage: rat_replay [option ...]\n"
      "Replays a trace: every request is a get, and a set if it missed. Prints what came of it as\n"
      "JSON. With neither --policy nor --server the trace is only counted.\n\n";
  for (const Flag& flag : kFlags) {
    std::string left = "  --" + std::string(flag.name);
    if (flag.value != nullptr) left += std::string(" ") + flag.value;
    left.resize(std::max(left.size() + 2, kHelpColumn), ' ');
    text += left + flag.help + "\n";
  }
  return text + "\nPolicies: " + config::EvictionStrategyNames() +
         ".\nExit status: 0, or 1 if the trace or the server failed, or 64 for a mistake in the "
         "options.\n";
}

}  // namespace rat_memcache::replay
