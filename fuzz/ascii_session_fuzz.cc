// A whole session without its sockets: parser, executor and a small store. Whatever the bytes,
// nothing may break, and the replies must not depend on how the bytes are cut.
// SPDX-License-Identifier: LGPL-3.0-or-later
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/check.h"
#include "cache/cache.h"
#include "command/executor.h"
#include "protocol/ascii_parser.h"

namespace {

using namespace rat_memcache;  // NOLINT(google-build-using-namespace)

std::string Take(GatherBuffer* out) {
  std::string text;
  std::array<std::string_view, 16> parts;
  while (!out->empty()) {
    size_t bytes = 0;
    const size_t filled = out->Peek(parts);
    for (size_t i = 0; i < filled; ++i) {
      text += parts[i];
      bytes += parts[i].size();
    }
    out->Consume(bytes);
  }
  return text;
}

std::string Talk(std::string_view bytes, size_t piece) {
  CoarseClock clock;
  const auto cache = std::move(cache::Cache::Open({.memory_limit = size_t{1} << 20,
                                                   .item_size_max = size_t{512} << 10,
                                                   .seed = 1},
                                                  &clock))
                         .value();
  config::ServerOptions options;
  options.item_size_max = size_t{512} << 10;
  observe::CounterRegistry counters;
  observe::Log log;
  command::Tunables tunables;
  command::PrefixStats prefixes(':', true);
  observe::ConnectionList connections;
  observe::WatchHub watch_hub(1 << 16);
  command::UploadRegistry uploads(cache.get(), &options.streaming);
  const command::Context context{.cache = cache.get(),
                                 .options = &options,
                                 .counters = &counters,
                                 .log = &log,
                                 .tunables = &tunables,
                                 .prefixes = &prefixes,
                                 .watch = &watch_hub,
                                 .uploads = &uploads,
                                 .connections = &connections,
                                 .unix_at_zero = 1'700'000'000};
  command::Executor executor(&context, counters.Register());
  command::Session session;
  protocol::AsciiParser parser;
  protocol::RequestBatch batch;
  GatherBuffer out;
  std::string buffer;
  std::string replies;
  for (size_t at = 0; at < bytes.size(); at += piece) {
    buffer.append(bytes.substr(at, piece));
    for (;;) {
      batch.Clear();
      const auto progress = parser.Parse(buffer, &batch);
      // stats tells the time and the process id, which nobody can repeat.
      for (protocol::Request& request : batch) {
        if (request.op == protocol::Op::kStats) request.op = protocol::Op::kVersion;
        if (request.op == protocol::Op::kVerbosity) request.op = protocol::Op::kVersion;
      }
      const auto after = executor.Run(&batch, &session, &out);
      while (session.producer != nullptr) {
        if (!session.producer->Produce(&out)) session.producer.reset();
      }
      buffer.erase(0, progress.consumed);
      replies += Take(&out);
      if (progress.close || after == command::Executor::After::kClose) return replies + "close\n";
      if (progress.consumed == 0 && batch.empty()) break;
    }
  }
  return replies;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string whole = Talk(bytes, std::max<size_t>(size, 1));
  const bool long_lines = size > protocol::AsciiParser::kShortLineMax;  // see ascii_parser_fuzz.cc
  if (!long_lines) RAT_CHECK(Talk(bytes, 3) == whole, "in threes gives other replies");
  return 0;
}
