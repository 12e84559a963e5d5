// SPDX-License-Identifier: LGPL-3.0-or-later
#include "load/options.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/decimal.h"
#include "load/key_text.h"

namespace rat_memcache::load {
namespace {

constexpr uint32_t kMaxConnections = 100000;
constexpr uint32_t kMaxPipeline = 100000;
constexpr uint32_t kMaxValueSize = 1u << 30;
constexpr double kMaxSeconds = 1e6;

template <class T>
bool ParseWhole(std::string_view text, T min, T max, T* out) {
  const std::optional<T> number = ParseStrict<T>(text);
  if (!number || *number < min || *number > max) return false;
  *out = *number;
  return true;
}

bool ParseReal(std::string_view text, double min, double max, double* out) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stop != end || !(number >= min && number <= max)) return false;
  *out = number;
  return true;
}

bool ParseValueSize(std::string_view text, Options* o) {
  const size_t dash = text.find('-');
  const std::string_view min = text.substr(0, dash);
  const std::string_view max = dash == std::string_view::npos ? min : text.substr(dash + 1);
  return ParseWhole(min, 0u, kMaxValueSize, &o->value_size_min) &&
         ParseWhole(max, o->value_size_min, kMaxValueSize, &o->value_size_max);
}

bool ParseDistribution(std::string_view text, Options* o) {
  constexpr std::string_view kZipf = "zipf:";
  o->zipf_theta = 0;
  if (text == "uniform") return true;
  return text.starts_with(kZipf) && ParseReal(text.substr(kZipf.size()), 0.001, 10, &o->zipf_theta);
}

bool ParseProtocol(std::string_view text, Options* o) {
  constexpr std::string_view kWords[] = {"classic", "meta", "binary"};  // as in Protocol
  const auto* const word = std::find(std::begin(kWords), std::end(kWords), text);
  o->protocol = static_cast<Protocol>(word - std::begin(kWords));
  return word != std::end(kWords);
}

bool ParseMissAction(std::string_view text, Options* o) {
  o->on_miss = text == "set" ? MissAction::kSet : MissAction::kNothing;
  return text == "set" || text == "nothing";
}

// `parse` takes the value, which is empty for a flag without one (`value` is null), and returns
// whether it is acceptable. `expects` ends the sentence "write ...".
struct Flag {
  std::string_view name;
  const char* value;
  const char* help;
  const char* expects;
  bool (*parse)(std::string_view text, Options* o);
};

using Text = std::string_view;

constexpr Flag kFlags[] = {
    {"host", "NAME", "server to ask (127.0.0.1)", "a name or an address",
     [](Text t, Options* o) {
       o->host = t;
       return !t.empty();
     }},
    {"port", "N", "its port (11211)", "a number from 1 to 65535",
     [](Text t, Options* o) { return ParseWhole<uint16_t>(t, 1, 65535, &o->port); }},
    {"server-pid", "PID", "report CPU time and memory of this process", "a process id",
     [](Text t, Options* o) {
       return ParseWhole(t, 1u, uint32_t{std::numeric_limits<int32_t>::max()}, &o->server_pid);
     }},
    {"protocol", "P", "classic, meta or binary (classic)", "classic, meta or binary",
     ParseProtocol},
    {"connections", "N", "connections that ask without a pause (50)", "a number from 1 to 100000",
     [](Text t, Options* o) { return ParseWhole(t, 1u, kMaxConnections, &o->connections); }},
    {"pipeline", "N",
     "requests outstanding per connection (1); one write, and the next one when all are answered",
     "a number from 1 to 100000",
     [](Text t, Options* o) { return ParseWhole(t, 1u, kMaxPipeline, &o->pipeline); }},
    {"idle-connections", "N", "further connections that are open and silent (0)",
     "a number from 0 to 100000",
     [](Text t, Options* o) { return ParseWhole(t, 0u, kMaxConnections, &o->idle_connections); }},
    {"idle-active-fraction", "F", "share of them that is awake at any time, in turns (0)",
     "a share from 0 to 1, such as 0.01",
     [](Text t, Options* o) { return ParseReal(t, 0, 1, &o->idle_active_fraction); }},
    {"keys", "N", "different keys (100000)", "a number from 1 to 4294967295",
     [](Text t, Options* o) {
       return ParseWhole(t, 1u, std::numeric_limits<uint32_t>::max(), &o->keys);
     }},
    {"key-size", "BYTES", "size of every key, padded with zeros (14)", "a number from 1 to 250",
     [](Text t, Options* o) {
       return ParseWhole(t, 1u, uint32_t{KeyText::kMaxSize}, &o->key_size);
     }},
    {"value-size", "BYTES",
     "size of the values, or MIN-MAX: every key has its own, fixed size (32)",
     "a size such as 32, or a range such as 100-1000", ParseValueSize},
    {"keys-per-get", "N", "keys in every get (1)", "a number from 1 to 100000",
     [](Text t, Options* o) { return ParseWhole(t, 1u, kMaxPipeline, &o->keys_per_get); }},
    {"set-ratio", "F", "share of the requests that are sets (0)",
     "a share from 0 to 1, such as 0.5",
     [](Text t, Options* o) { return ParseReal(t, 0, 1, &o->set_ratio); }},
    {"distribution", "D", "uniform, or zipf:THETA (uniform)", "uniform or zipf:0.99",
     ParseDistribution},
    {"on-miss", "set|nothing", "whether a key that was missed is then stored (nothing)",
     "set or nothing", ParseMissAction},
    {"seconds", "S", "length of the measurement (5)", "seconds such as 5 or 0.5",
     [](Text t, Options* o) { return ParseReal(t, 0.001, kMaxSeconds, &o->seconds); }},
    {"warmup", "S", "the same load before it, not counted (1)", "seconds such as 1 or 0",
     [](Text t, Options* o) { return ParseReal(t, 0, kMaxSeconds, &o->warmup_s); }},
    {"requests", "N", "end after so many at the latest, those of the warm-up included",
     "a number from 1 on",
     [](Text t, Options* o) {
       return ParseWhole<uint64_t>(t, 1, std::numeric_limits<uint64_t>::max(), &o->requests);
     }},
    {"seed", "N", "start of all random numbers (1)", "a whole number",
     [](Text t, Options* o) {
       return ParseWhole<uint64_t>(t, 0, std::numeric_limits<uint64_t>::max(), &o->seed);
     }},
    {"prefill", nullptr, "first store every key once", "",
     [](Text, Options* o) { return o->prefill = true; }},
    {"fill-until-full", nullptr,
     "measure nothing but storing every key once, then what is still there", "",
     [](Text, Options* o) { return o->fill_until_full = true; }},
    {"verify", nullptr, "compare every byte of every value", "",
     [](Text, Options* o) { return o->verify = true; }},
    {"any-key", nullptr, "take any key in a reply, as rat_floor gives it", "",
     [](Text, Options* o) { return o->any_key = true; }},
    {"help", nullptr, "this text", "", [](Text, Options* o) { return o->help = true; }},
};

const Flag* FindFlag(std::string_view name) {
  for (const Flag& flag : kFlags) {
    if (flag.name == name) return &flag;
  }
  return nullptr;
}

Error UsageError(std::string message) { return {std::move(message), kExitUsage}; }

// What no flag can see alone.
Status Check(const Options& options) {
  const std::string last_key = std::to_string(options.keys - 1);
  if (last_key.size() > options.key_size) {
    return UsageError("--key-size " + std::to_string(options.key_size) + " is too small for " +
                      std::to_string(options.keys) + " different keys: write --key-size " +
                      std::to_string(last_key.size()) + " or more");
  }
  if (options.idle_active_fraction > 0 && options.idle_connections == 0) {
    return UsageError("--idle-active-fraction has nothing to wake: write --idle-connections N too");
  }
  if (options.fill_until_full && options.prefill) {
    return UsageError("--fill-until-full stores every key already: leave --prefill out");
  }
  if (options.verify && options.any_key) {
    return UsageError("--verify must know the key of a value: leave --any-key out");
  }
  return Done{};
}

}  // namespace

Result<Options> ParseOptions(std::span<const char* const> arguments) {
  Options options;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    const size_t equals = argument.find('=');
    const std::string shown(argument.substr(0, equals));
    const Flag* const flag =
        argument.starts_with("--") ? FindFlag(argument.substr(2, equals - 2)) : nullptr;
    if (flag == nullptr) {
      return UsageError("unknown option " + shown + ": write one of those that --help lists");
    }
    std::string_view value;
    if (flag->value == nullptr) {
      if (equals != std::string_view::npos) {
        return UsageError(shown + " takes no value: write it alone");
      }
    } else if (equals != std::string_view::npos) {
      value = argument.substr(equals + 1);
    } else if (i + 1 < arguments.size()) {
      value = arguments[++i];
    } else {
      return UsageError(shown + " needs a value: write " + flag->expects);
    }
    if (!flag->parse(value, &options)) {
      return UsageError(shown + " " + std::string(value) + ": write " + flag->expects);
    }
    if (options.help) return options;
  }
  const Status checked = Check(options);
  if (!checked.ok()) return checked.error();
  return options;
}

std::string HelpText() {
  constexpr size_t kHelpColumn = 28;
  std::string text =
      "Usage: rat_load [option ...]\n"
      "Asks a memcached server as fast as it answers and prints what came of it as JSON.\n\n";
  for (const Flag& flag : kFlags) {
    std::string left = "  --" + std::string(flag.name);
    if (flag.value != nullptr) left += std::string(" ") + flag.value;
    left.resize(std::max(left.size() + 2, kHelpColumn), ' ');
    text += left + flag.help + "\n";
  }
  return text +
         "\nExit status: 0, or 1 after a reply that a correct server does not give or a lost\n"
         "connection, or 64 for a mistake in the options.\n";
}

}  // namespace rat_memcache::load
