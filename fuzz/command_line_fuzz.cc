// The command line: any arguments give options within their limits, or one line of explanation.
// SPDX-License-Identifier: LGPL-3.0-or-later
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/check.h"
#include "config/command_line.h"

using namespace rat_memcache;  // NOLINT(google-build-using-namespace)

namespace {

void CheckListeners(const config::ServerOptions& options, const config::Features& features) {
  RAT_CHECK(options.tcp_enabled || options.udp_port != 0 || !options.unix_socket.empty(),
            "nothing to listen on");
  for (const config::ListenAddress& address : options.listen) {
    RAT_CHECK(address.tag.size() <= 8, "a tag too long");
    RAT_CHECK(address.tls == config::ListenAddress::Tls::kAsConfigured || options.tls.enabled,
              "a prefix for TLS without TLS");
  }
  RAT_CHECK(features.unix_socket || options.unix_socket.empty(), "a socket nobody serves");
  RAT_CHECK(features.udp || options.udp_port == 0, "a port nobody serves");
  RAT_CHECK(features.tls || !options.tls.enabled, "TLS that nobody speaks");
  RAT_CHECK(!options.tls.enabled || (!options.tls.key.empty() && !options.tls.chain_cert.empty()),
            "TLS without a certificate");
}

// No way around a password.
void CheckPasswords(const config::ServerOptions& options, const config::Features& features) {
  RAT_CHECK(features.sasl || !options.sasl_enabled, "SASL that nobody asks for");
  RAT_CHECK(features.ascii_auth || options.auth_file.empty(), "passwords nobody asks for");
  if (!options.sasl_enabled && options.auth_file.empty()) return;
  const auto wanted =
      options.sasl_enabled ? config::WireProtocol::kBinary : config::WireProtocol::kAscii;
  RAT_CHECK(options.protocol == wanted && options.udp_port == 0, "a way around the password");
  for (const config::ListenAddress& address : options.listen) {
    RAT_CHECK(address.protocol.value_or(wanted) == wanted, "an address without a password");
  }
}

void CheckHints(const config::EngineHints& hints) {
  RAT_CHECK(hints.growth_factor > 1 && std::isfinite(hints.growth_factor), "no factor");
  RAT_CHECK(hints.chunk_size > 0 && hints.slab_chunk_max > 0, "no size");
  RAT_CHECK(std::is_sorted(hints.slab_sizes.begin(), hints.slab_sizes.end()) &&
                hints.slab_sizes.size() <= 63,
            "no classes");
  RAT_CHECK(hints.hot_lru_pct + hints.warm_lru_pct <= 80, "lists larger than memory");
}

void CheckParse(const std::vector<std::string>& arguments, const config::Features& features) {
  const auto line = config::ParseCommandLine(arguments, features);
  if (!line.ok()) {
    RAT_CHECK(!line.error().message.empty() && line.error().exit_code != 0,
              "an error without words");
    return;
  }
  if (line.value().action != config::CommandLine::Action::kRun) return;
  const config::ServerOptions& options = line.value().options;
  RAT_CHECK(options.item_size_max <= options.memory_limit / 2, "items larger than half of memory");
  RAT_CHECK(options.clients_max() > 0 && options.threads > 0, "nobody could be served");
  RAT_CHECK(options.watcher_buffer > 0 && options.worker_log_buffer > 0, "no buffer");
  RAT_CHECK(options.memory_file.empty(), "a promise that is not kept");
  CheckListeners(options, features);
  CheckPasswords(options, features);
  CheckHints(options.hints);
}

}  // namespace

// Arguments are separated by line ends.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<std::string> arguments(1);
  for (size_t i = 0; i < size; ++i) {
    if (data[i] == '\n') {
      arguments.emplace_back();
    } else {
      arguments.back() += static_cast<char>(data[i]);
    }
  }
  CheckParse(arguments, config::Features{});
  CheckParse(arguments, config::kAllFeatures);
  return 0;
}
