// The command line of rat_load.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/result.h"
#include "load/protocol.h"

namespace rat_memcache::load {

enum class MissAction : uint8_t { kNothing, kSet };

// Defaults are what --help shows.
struct Options {
  std::string host = "127.0.0.1";
  uint16_t port = 11211;
  uint32_t server_pid = 0;  // 0: no process to watch
  Protocol protocol = Protocol::kClassic;

  uint32_t connections = 50;
  uint32_t pipeline = 1;
  uint32_t idle_connections = 0;
  double idle_active_fraction = 0;

  uint32_t keys = 100000;
  uint32_t key_size = 14;
  uint32_t value_size_min = 32;
  uint32_t value_size_max = 32;
  uint32_t keys_per_get = 1;
  double set_ratio = 0;
  double zipf_theta = 0;  // 0: uniform
  MissAction on_miss = MissAction::kNothing;

  double seconds = 5;
  double warmup_s = 1;
  uint64_t requests = 0;  // 0: as many as there is time for
  uint64_t seed = 1;
  bool prefill = false;
  bool fill_until_full = false;
  bool verify = false;
  bool any_key = false;

  bool help = false;
};

// Flags are `--name VALUE` or `--name=VALUE`. The error says which flag, and what to write instead.
Result<Options> ParseOptions(std::span<const char* const> arguments);

// The text of --help.
std::string HelpText();

}  // namespace rat_memcache::load
