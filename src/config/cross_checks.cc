// SPDX-License-Identifier: LGPL-3.0-or-later
#include "config/cross_checks.h"

#include <algorithm>

#include "config/listen_option.h"
#include "config/option_numbers.h"

namespace rat_memcache::config {
namespace {

constexpr uint32_t kLruPercentMax = 80;

// memcached's table of item locks, log2: it refuses a hash table that is not larger.
uint32_t ItemLockPower(uint32_t threads) {
  if (threads < 3) return 10;
  if (threads < 4) return 11;
  if (threads < 5) return 12;
  if (threads <= 10) return 13;
  return threads <= 20 ? 14 : 15;
}

// Nobody may believe to be served, or protected, by what this build lacks.
void CheckFeatures(Parse* parse) {
  const ServerOptions& options = parse->options();
  const Features& features = parse->features;
  const auto speaks_binary = [](const ListenAddress& address) {
    return address.protocol == WireProtocol::kBinary;
  };
  const bool binary = options.protocol == WireProtocol::kBinary ||
                      std::any_of(options.listen.begin(), options.listen.end(), speaks_binary);
  if (!options.unix_socket.empty() && !features.unix_socket) {
    parse->Fail("-s is not supported by this build; listen on an address with -l");
  }
  if (options.udp_enabled && !features.udp) {
    parse->Fail("-U is not supported by this build; use TCP, or -U 0");
  }
  if (options.sasl_enabled && !features.sasl) {
    parse->Fail(
        "-S is not supported by this build; remove it and listen on a trusted network with -l");
  }
  if (binary && !features.binary_protocol) {
    parse->Fail("-B binary is not supported by this build; use -B ascii or -B auto");
  }
  if (!options.auth_file.empty() && !features.ascii_auth) {
    parse->Fail(
        "-Y is not supported by this build; remove it and listen on a trusted network with -l");
  }
  if (options.tls.enabled && !features.tls) {
    parse->Fail("-Z is not supported by this build; put a TLS proxy in front");
  }
}

void CheckMemory(Parse* parse) {
  ServerOptions& options = parse->options();
  if (options.item_size_max > options.memory_limit / 2) {
    if (parse->item_size_given) {
      return parse->Fail(
          "Cannot set item size limit higher than 1/2 of memory max. Lower -I or raise -m");
    }
    // memcached refuses to start. A small -m alone is clear enough.
    options.item_size_max = options.memory_limit / 2;
    parse->Warn("items are limited to " + std::to_string(options.item_size_max / kKiB) +
                " KiB, half of -m; -I sets another limit");
  }
  if (!options.ttl.lazy_expiration && !options.ttl.active_expiration) {
    return parse->Fail(
        "--lazy-expiration and --active-expiration (or -o lru_crawler) are both off: expired items "
        "would stay in memory; switch one of them on");
  }
  if (options.ttl.max_ttl != 0 && options.ttl.default_ttl > options.ttl.max_ttl) {
    parse->Fail("--default-ttl is above --max-ttl; lower it, or raise --max-ttl");
  }
}

// Of memcached's engine, which ours is not; a wrong value is a mistake here as well. What it
// demands of slab_chunk_max falls away: there are no chunks.
void CheckHints(Parse* parse) {
  const ServerOptions& options = parse->options();
  const EngineHints& hints = options.hints;
  if (hints.hot_lru_pct + hints.warm_lru_pct > kLruPercentMax) {
    parse->Fail(
        "hot_lru_pct + warm_lru_pct cannot be more than 80% combined; they are 20 and 40 where -o "
        "names none");
  }
  if (hints.temp_lru && !hints.lru_maintainer) {
    parse->Fail(
        "temporary_ttl requires lru_maintainer to be enabled; remove no_lru_maintainer from -o");
  }
  const uint32_t lock_power = ItemLockPower(options.threads);
  if (hints.hash_power != 0 && hints.hash_power <= lock_power) {
    parse->Fail("Hash table power size (" + std::to_string(hints.hash_power) +
                    ") cannot be equal to or less than item lock table (" +
                    std::to_string(lock_power) + "); raise -o hashpower, or remove it",
                1);
  }
  if (hints.napi_ids > options.threads) {
    parse->Fail("Number of napi_ids(" + std::to_string(hints.napi_ids) +
                ") cannot be greater than number of threads(" + std::to_string(options.threads) +
                "); lower -N or raise -t");
  }
}

void CheckExtstore(Parse* parse) {
  const ServerOptions& options = parse->options();
  const ExtstoreHints& ext = options.extstore;
  if (ext.paths.empty()) return;
  if (options.udp_enabled) {
    parse->Fail("Cannot use UDP with extstore enabled (-U 0 to disable)");
  }
  if (options.item_size_max > ext.wbuf_size) {
    parse->Fail("-I (item_size_max: " + std::to_string(options.item_size_max) +
                ") cannot be larger than ext_wbuf_size: " + std::to_string(ext.wbuf_size) +
                "; lower -I, or raise -o ext_wbuf_size");
  }
  for (const ExtstorePath& path : ext.paths) {
    if (path.size < uint64_t{ext.page_size_mb} * kMiB) {
      parse->Fail("ext_path " + Quoted(path.file) + " is smaller than one page of " +
                      std::to_string(ext.page_size_mb) + " MiB; write a larger size behind it",
                  1);
    }
  }
  parse->Warn(
      "-o ext_path has no effect: there is no disk tier in this version; everything is kept "
      "in memory (-m), and " +
      Quoted(ext.paths.front().file) + " is left alone");
}

void CheckTls(Parse* parse) {
  const ServerOptions& options = parse->options();
  const TlsOptions& tls = options.tls;
  if (tls.enabled && (tls.chain_cert.empty() || tls.key.empty())) {
    return parse->Fail(std::string(tls.chain_cert.empty() ? "Error loading the certificate"
                                                          : "Error loading the key") +
                       ": -Z needs both; write -Z -o ssl_chain_cert=FILE,ssl_key=FILE");
  }
  if (tls.enabled) return;
  for (const ListenAddress& address : options.listen) {
    if (address.tls == ListenAddress::Tls::kAsConfigured) continue;
    const std::string name(NameOf(address.tls));
    return parse->Fail("'" + name +
                           "' option is valid only when SSL is enabled; add -Z, or remove " + name +
                           ": from -l",
                       kExitOs);
  }
  if (parse->tls_word_given) {
    parse->Warn("-o ssl_... has no effect without -Z: connections are not encrypted");
  }
}

// Passwords. SASL is the binary protocol's, the file of -Y the text protocol's; neither goes with
// UDP, and no address may offer a way around them.
void CheckAuthentication(Parse* parse) {
  ServerOptions& options = parse->options();
  if (!options.sasl_enabled && options.auth_file.empty()) return;
  if (options.sasl_enabled && !options.auth_file.empty()) {
    return parse->Fail(
        "-S and -Y exclude each other: SASL is for the binary protocol, -Y for the text protocol; "
        "remove one");
  }
  const WireProtocol wanted = options.sasl_enabled ? WireProtocol::kBinary : WireProtocol::kAscii;
  const bool other_address = std::any_of(
      options.listen.begin(), options.listen.end(),
      [&](const ListenAddress& address) { return address.protocol.value_or(wanted) != wanted; });
  const bool other = other_address || (parse->protocol_given && options.protocol != wanted);
  if (options.sasl_enabled) {
    if (options.udp_enabled) {
      parse->Fail("ERROR: Cannot enable UDP while using binary SASL authentication; use -U 0");
    }
    if (other) {
      parse->Fail(
          "ERROR: You cannot allow the ASCII protocol while using SASL; use -B binary, and no "
          "other "
          "proto[...] in -l");
    }
  } else {
    if (options.udp_enabled) {
      parse->Fail("Cannot use UDP with ascii authentication enabled (-U 0 to disable)");
    }
    if (other) {
      parse->Fail(
          "ERROR: You cannot allow the BINARY protocol while using ascii authentication tokens; "
          "use "
          "-B ascii, and no other proto[...] in -l");
    }
  }
  options.protocol = wanted;
}

void CheckListeners(Parse* parse) {
  ServerOptions& options = parse->options();
  if (options.udp_enabled && !parse->port_given) options.port = options.udp_port;
  if (!options.unix_socket.empty()) {
    if (!options.listen.empty()) {
      parse->Warn(
          "-l has no effect beside -s: a server with a Unix socket listens on nothing else");
    }
    return;
  }
  if (!options.tcp_enabled && !options.udp_enabled) {
    parse->Fail(
        "-p 0 switches TCP off, and there is nothing else to listen on; use -p -1 for any free "
        "port" +
        std::string(parse->features.unix_socket ? ", or -s FILE for a Unix socket" : ""));
  }
}

void CheckConnections(Parse* parse) {
  const ServerOptions& options = parse->options();
  if (options.connections_max > options.reserved_descriptors()) return;
  parse->Fail("Maxconns setting is too low, use -c to increase: with " +
                  std::to_string(options.threads) + " threads (-t) it must be above " +
                  std::to_string(options.reserved_descriptors()),
              1);
}

}  // namespace

void CheckTogether(Parse* parse) {
  CheckMemory(parse);
  CheckHints(parse);
  CheckExtstore(parse);
  CheckAuthentication(parse);
  CheckTls(parse);
  CheckFeatures(parse);
  CheckListeners(parse);
  CheckConnections(parse);
  if (parse->proxy_word_given) {
    parse->Warn("-o proxy_... has no effect: this server is a cache, not a proxy; remove it");
  }
}

}  // namespace rat_memcache::config
