// A whole session in the binary protocol without its sockets: parser, executor and a small store.
// Whatever the bytes, nothing may break, and the replies must not depend on how the bytes are cut.
// An odd number of bytes is said by a client that must log in.
// SPDX-License-Identifier: LGPL-3.0-or-later
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>

#include "auth/users_file.h"
#include "base/check.h"
#include "cache/cache.h"
#include "command/executor.h"
#include "protocol/parser.h"

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

// user:pass
const auth::UsersFile* UsersForTest() {
  static const auto file = [] {
    const std::string path =
        (std::filesystem::temp_directory_path() / "rat_binary_session_fuzz_users").string();
    std::ofstream(path) << "user:pass\n";
    return std::move(auth::UsersFile::Open(path, auth::UsersFormat::kSaslPasswords)).value();
  }();
  return file.get();
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
  command::Tunables tunables(options);
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
                                 .users = bytes.size() % 2 == 1 ? UsersForTest() : nullptr,
                                 .unix_at_zero = 1'700'000'000};
  command::Executor executor(&context, counters.Register());
  command::Session session;
  protocol::Parser parser(protocol::Spoken::kBinary);
  protocol::RequestBatch batch;
  GatherBuffer out;
  std::string buffer;
  std::string replies;
  for (size_t at = 0; at < bytes.size(); at += piece) {
    buffer.append(bytes.substr(at, piece));
    while (!buffer.empty()) {
      batch.Clear();
      const auto progress = parser.Parse(buffer, &batch);
      for (protocol::Request& request : batch) {
        // stats tells the time and the process id, and challenges are new each time: nobody can
        // repeat them.
        if (request.op == protocol::Op::kStats) request.value = "reset";
        if (request.op == protocol::Op::kSasl && !request.key.empty()) request.key = "PLAIN";
      }
      const auto after = executor.Run(&batch, &session, &out);
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
  RAT_CHECK(Talk(bytes, 3) == whole, "in threes gives other replies");
  return 0;
}
