// SPDX-License-Identifier: LGPL-3.0-or-later
#include "command/stats_settings.h"

#include <cstdio>
#include <string>
#include <string_view>

#include "command/stat_lines.h"

namespace rat_memcache::command {
namespace {

using config::ServerOptions;
using config::WireProtocol;

std::string Fixed(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

std::string Octal(uint32_t value) {
  char text[16];
  std::snprintf(text, sizeof text, "%o", value);
  return text;
}

// memcached has two words for a text that is not set, each at its own places.
std::string_view OrNull(std::string_view text) { return text.empty() ? "NULL" : text; }
std::string_view OrNullPointer(std::string_view text) { return text.empty() ? "(null)" : text; }

std::string_view NameOf(WireProtocol protocol) {
  switch (protocol) {
    case WireProtocol::kNegotiated:
      return "auto-negotiate";
    case WireProtocol::kAscii:
      return "ascii";
    case WireProtocol::kBinary:
      return "binary";
  }
  return {};
}

void AppendServer(const Context& context, const ServerOptions& options, StatLines* lines) {
  const store::StoreStats stats = context.cache->Stats();
  const bool many_addresses = options.listen_text.find(',') != std::string::npos;
  lines->Add("maxbytes", stats.memory_limit);
  lines->Add("maxconns", options.connections_max);
  lines->Add("tcpport", context.port != 0 ? context.port : options.port);
  lines->Add("udpport", options.udp_port);
  lines->Add("inter", OrNull(options.listen_text));
  lines->Add("verbosity", static_cast<uint64_t>(context.log->verbosity()));
  lines->Add("oldest", uint64_t{0});
  lines->Add("evictions", stats.eviction == config::EvictionStrategy::kNone ? "off" : "on");
  lines->Add("domain_socket", OrNull(options.unix_socket));
  lines->Add("umask", Octal(options.unix_mask));
  lines->AddYesNo("shutdown_command", options.shutdown_enabled);
  lines->Add("growth_factor", Fixed(options.hints.growth_factor, 2));
  lines->Add("chunk_size", options.hints.chunk_size);
  lines->Add("num_threads", options.threads);
  lines->Add("num_threads_per_udp", many_addresses ? 1 : options.threads);
  lines->Add("stat_key_prefix", std::string_view(&options.prefix_delimiter, 1));
  lines->AddYesNo("detail_enabled", options.detail_enabled);
  lines->Add("reqs_per_event", options.requests_per_event);
  lines->AddYesNo("cas_enabled", options.cas_enabled);
  lines->Add("tcp_backlog", options.backlog);
  lines->Add("binding_protocol", NameOf(options.protocol));
  lines->AddYesNo("auth_enabled_sasl", options.sasl_enabled);
  lines->Add("auth_enabled_ascii", options.auth_file.empty() ? "no" : options.auth_file);
  lines->Add("item_size_max", options.item_size_max);
  lines->AddYesNo("maxconns_fast", options.maxconns_fast);
}

void AppendEngine(const ServerOptions& options, StatLines* lines) {
  const config::EngineHints& hints = options.hints;
  lines->Add("hashpower_init", hints.hash_power);
  lines->AddYesNo("slab_reassign", hints.slab_reassign);
  lines->Add("slab_automove", hints.slab_automove);
  lines->Add("slab_automove_ratio", Fixed(hints.slab_automove_ratio, 2));
  lines->Add("slab_automove_window", hints.slab_automove_window);
  lines->Add("slab_chunk_max", hints.slab_chunk_max);
  lines->AddYesNo("lru_crawler", hints.lru_crawler);
  lines->Add("lru_crawler_sleep", hints.lru_crawler_sleep);
  lines->Add("lru_crawler_tocrawl", hints.lru_crawler_tocrawl);
  lines->Add("tail_repair_time", hints.tail_repair_time);
  lines->AddYesNo("flush_enabled", options.flush_enabled);
  lines->AddYesNo("dump_enabled", options.dump_enabled);
  lines->Add("hash_algorithm", hints.hash_algorithm);
  lines->AddYesNo("lru_maintainer_thread", hints.lru_maintainer);
  lines->AddYesNo("lru_segmented", hints.lru_segmented);
  lines->Add("hot_lru_pct", hints.hot_lru_pct);
  lines->Add("warm_lru_pct", hints.warm_lru_pct);
  lines->Add("hot_max_factor", Fixed(hints.hot_max_factor, 2));
  lines->Add("warm_max_factor", Fixed(hints.warm_max_factor, 2));
  lines->AddYesNo("temp_lru", hints.temp_lru);
  lines->Add("temporary_ttl", hints.temporary_ttl);
  lines->Add("idle_timeout", options.idle_timeout);
  lines->Add("watcher_logbuf_size", options.watcher_buffer);
  lines->Add("worker_logbuf_size", options.worker_log_buffer);
  lines->Add("read_buf_mem_limit", uint64_t{options.read_buffer_limit_mb} << 20);
  lines->AddYesNo("track_sizes", hints.track_sizes);
  lines->AddYesNo("inline_ascii_response", hints.inline_ascii_response);
}

void AppendExtstore(const ServerOptions& options, StatLines* lines) {
  const config::ExtstoreHints& ext = options.extstore;
  lines->Add("ext_item_size", ext.item_size);
  lines->Add("ext_item_age", ext.item_age);
  lines->Add("ext_low_ttl", ext.low_ttl);
  lines->Add("ext_recache_rate", ext.recache_rate);
  lines->Add("ext_wbuf_size", ext.wbuf_size);
  lines->Add("ext_compact_under", ext.compact_under);
  lines->Add("ext_drop_under", ext.drop_under);
  lines->Add("ext_max_sleep", ext.max_sleep);
  lines->Add("ext_max_frag", Fixed(ext.max_frag, 2));
  lines->Add("slab_automove_freeratio", Fixed(options.hints.slab_automove_freeratio, 3));
  lines->AddYesNo("ext_drop_unread", ext.drop_unread);
}

// memcached shows OpenSSL's flags: 1 ask, 2 demand, 4 once.
uint64_t VerifyBits(config::TlsOptions::Verify verify) {
  using Verify = config::TlsOptions::Verify;
  switch (verify) {
    case Verify::kNone:
      return 0;
    case Verify::kRequest:
      return 1;
    case Verify::kRequire:
      return 3;
    case Verify::kOnce:
      return 7;
  }
  return 0;
}

void AppendTls(const config::TlsOptions& tls, StatLines* lines) {
  lines->AddYesNo("ssl_enabled", tls.enabled);
  lines->Add("ssl_chain_cert", OrNullPointer(tls.chain_cert));
  lines->Add("ssl_key", OrNullPointer(tls.key));
  lines->Add("ssl_verify_mode", VerifyBits(tls.verify));
  lines->Add("ssl_keyformat", static_cast<uint64_t>(tls.key_format));
  lines->Add("ssl_ciphers", OrNull(tls.ciphers));
  lines->Add("ssl_ca_cert", OrNull(tls.ca_cert));
  lines->Add("ssl_wbuf_size", tls.write_buffer);
  lines->AddYesNo("ssl_session_cache", tls.session_cache);
  lines->AddYesNo("ssl_kernel_tls", tls.kernel_tls);
  lines->Add("ssl_min_version", "tlsv1." + std::to_string(tls.min_version));
}

}  // namespace

void AppendSettings(const Context& context, StatLines* lines) {
  // As they are now: some can be changed while the server runs.
  ServerOptions options = *context.options;
  options.hints = context.tunables->hints();
  options.extstore = context.tunables->extstore();
  options.detail_enabled = context.prefixes->enabled();
  AppendServer(context, options, lines);
  AppendEngine(options, lines);
  AppendExtstore(options, lines);
  AppendTls(options.tls, lines);
  lines->Add("num_napi_ids", options.hints.napi_ids);
  lines->Add("memory_file", OrNullPointer(options.memory_file));
  lines->Add("client_flags_size", sizeof(uint32_t));
  lines->End();
}

}  // namespace rat_memcache::command
