// What the parts of the command line's parser work on. Private to config/.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "config/command_line.h"

namespace rat_memcache::config {

struct Parse {
  Features features;
  CommandLine result;
  // What was given, where it matters that it was.
  bool port_given = false;
  bool protocol_given = false;
  bool item_size_given = false;
  bool slab_chunk_max_given = false;
  bool tls_word_given = false;    // any -o ssl_*
  bool proxy_word_given = false;  // any -o proxy_*
  std::optional<Error> error;

  // Keeps the first fault only.
  void Fail(std::string message, int exit_code = kExitUsage) {
    if (!error) error = Error{std::move(message), exit_code};
  }
  void Warn(std::string message) { result.warnings.push_back(std::move(message)); }
  ServerOptions& options() { return result.options; }
};

inline std::string Quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

}  // namespace rat_memcache::config
