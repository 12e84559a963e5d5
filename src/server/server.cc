// SPDX-License-Identifier: LGPL-3.0-or-later
#include "server/server.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <future>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <asio/version.hpp>

#include "auth/users_file.h"
#include "base/coarse_clock.h"
#include "base/version.h"
#include "cache/cache.h"
#include "command/context.h"
#include "command/watch.h"
#include "net/buffer_budget.h"
#include "net/listener.h"
#include "net/tls_context.h"
#include "net/udp_socket.h"
#include "net/worker.h"
#include "observe/counters.h"
#include "observe/log.h"
#include "platform/memory.h"
#include "platform/process.h"
#include "platform/service.h"
#include "server/admission.h"
#include "server/hooks.h"
#include "server/open_listeners.h"

namespace rat_memcache::server {
namespace {

using config::ServerOptions;
using observe::Level;

// How long open connections may take to finish at the end.
constexpr std::chrono::seconds kDrainPatience{10};
// How often to look whether they have.
constexpr std::chrono::milliseconds kDrainPoll{10};
// Descriptors for ourselves beyond those that -c keeps back.
constexpr uint32_t kSpareDescriptors = 64;

std::string EventBackend() {
  return "asio-" + std::to_string(ASIO_VERSION / 100'000) + "." +
         std::to_string(ASIO_VERSION / 100 % 1000) + "." + std::to_string(ASIO_VERSION % 100);
}

class Server {
 public:
  explicit Server(const config::CommandLine& command_line)
      : options_(command_line.options),
        warnings_(command_line.warnings),
        tunables_(command_line.options) {
    log_.set_verbosity(options_.verbosity);
  }

  Status Run() {
    platform::IgnoreHangups();
    if (Status status = Open(); !status.ok()) return status;
    if (Status status = Start(); !status.ok()) {
      RemovePidFile();
      return status;
    }
    loop_->run();
    Stop();
    return Done{};
  }

 private:
  Status Open() {
    for (const std::string& warning : warnings_) {
      Warn(warning);
    }
    if (platform::RunsAsRoot() && options_.user.empty()) {
      Warn("running as root; -u USER changes to another user");
    }
    if (options_.tls.enabled) {
      auto tls = net::TlsContext::Open(options_.tls);
      if (!tls.ok()) return tls.error();
      tls_ = std::move(tls).value();
    }
    if (Status status = OpenUsers(); !status.ok()) return status;
    const std::vector<platform::InheritedSocket> inherited = platform::TakeInheritedSockets();
    if (Status status = platform::AllowDescriptors(options_.connections_max + kSpareDescriptors,
                                                   options_.connections_max);
        !status.ok()) {
      return status;
    }
    if (options_.daemon) {
      const platform::DaemonHabits habits{.keep_output = options_.verbosity > 0,
                                          .keep_folder = options_.core_dumps};
      if (Status status = platform::Daemonize(habits); !status.ok()) return status;
    }
    bytes_without_cache_ = platform::ResidentMemory();
    auto cache = cache::Cache::Open({.memory_limit = options_.memory_limit,
                                     .item_size_max = options_.item_size_max,
                                     .threads = options_.threads,
                                     .page_per_size_class = true,
                                     .size_classes = SizeClasses(),
                                     .eviction = options_.eviction,
                                     .cas_enabled = options_.cas_enabled},
                                    &clock_, options_.ttl);
    if (!cache.ok()) return cache.error();
    cache_ = std::move(cache).value();
    eviction_reporter_ = std::make_unique<command::EvictionReporter>(&watch_, &cache_->classes());
    cache_->SetEvictionListener(eviction_reporter_.get());
    uploads_ = std::make_unique<command::UploadRegistry>(cache_.get(), &options_.streaming);
    counters_ = registry_.Register();
    loop_ = std::make_unique<asio::io_context>(1);
    const net::Listener::Surroundings surroundings = SurroundingsOfListeners();
    if (Status status = TakeListeners(OpenListeners(surroundings, options_, inherited, tls_.get()));
        !status.ok()) {
      return status;
    }
    if (Status status = OpenUdp(surroundings, !inherited.empty()); !status.ok()) return status;
    if (options_.lock_memory) WarnOf(platform::LockMemory());
    if (!options_.user.empty() && platform::RunsAsRoot()) {
      if (Status status = platform::BecomeUser(options_.user); !status.ok()) return status;
    }
    if (options_.core_dumps) WarnOf(platform::AllowCoreDumps());
    if (inherited.empty()) {
      if (Status status = TakeListeners(OpenUnixListener(surroundings, options_)); !status.ok()) {
        return status;
      }
    }
    if (listeners_.empty() && udp_sockets_.empty())
      Warn("nothing is listened on; -p PORT or -s PATH does");
    if (Status status = WritePortFile(); !status.ok()) return status;
    if (!options_.pid_file.empty()) {
      const Result<std::string> warning = platform::WritePidFile(options_.pid_file);
      if (!warning.ok()) return warning.error();
      if (!warning.value().empty()) {
        Warn(warning.value());
      }
    }
    return Done{};
  }

  Status OpenUsers() {
    std::string path = options_.auth_file;
    auto format = auth::UsersFormat::kAuthFile;
    if (options_.sasl_enabled) {
      const char* const named = std::getenv("MEMCACHED_SASL_PWDB");
      if (named == nullptr) {
        return Error{
            "-S needs users: let the environment variable MEMCACHED_SASL_PWDB name a file "
            "with lines of user:password",
            kExitUsage};
      }
      path = named;
      format = auth::UsersFormat::kSaslPasswords;
    }
    if (path.empty()) return Done{};
    auto users = auth::UsersFile::Open(path, format);
    if (!users.ok()) return users.error();
    users_ = std::move(users).value();
    return Done{};
  }

  void Warn(const std::string& text) {
    log_.Write(Level::kFault, "rat_memcached: warning: " + text);
  }
  void WarnOf(const Status& status) {
    if (!status.ok()) Warn(status.error().message);
  }

  net::Listener::Surroundings SurroundingsOfListeners() {
    // One warning will do, however many listeners give it.
    auto warned = std::make_shared<std::set<std::string>>();
    return {.loop = loop_.get(),
            .counters = counters_,
            .connections = &connections_,
            .backlog = options_.backlog,
            .mark = options_.socket_cookie,
            .on_warning = [this, warned](const std::string& text) {
              if (warned->insert(text).second) Warn(text);
            }};
  }

  Status TakeListeners(Result<net::Listener::List> opened) {
    if (!opened.ok()) return opened.error();
    for (auto& listener : opened.value()) {
      log_.Write(Level::kInfo, "rat_memcached: listening on " + listener->name());
      listeners_.push_back(std::move(listener));
    }
    return Done{};
  }

  // `inherited`: sockets that were opened for us take the place of all that options ask for.
  Status OpenUdp(const net::Listener::Surroundings& surroundings, bool inherited) {
    if (!options_.udp_enabled) return Done{};
    if (inherited) {
      Warn("-U has no effect: the server listens on the sockets that it was started with");
      return Done{};
    }
    auto opened = OpenUdpSockets(surroundings, options_);
    if (!opened.ok()) return opened.error();
    for (auto& socket : opened.value()) {
      if (socket.is_first()) {
        log_.Write(Level::kInfo, "rat_memcached: listening on " + socket.name());
      }
      udp_sockets_.push_back(std::move(socket));
    }
    if (!udp_sockets_.empty() && options_.tls.enabled) {
      Warn("UDP (-U) is neither encrypted nor does it ask for certificates, whatever -Z says");
    }
    return Done{};
  }

  void ServeUdp() {
    if (!udp_sockets_.empty()) serves_udp_on_ = udp_sockets_.front().name();
    for (size_t i = 0; i < udp_sockets_.size(); ++i) {
      workers_[i % workers_.size()]->ServeUdp(std::move(udp_sockets_[i]));
    }
    udp_sockets_.clear();
  }

  // Of the reports.
  store::SizeClasses::Options SizeClasses() const {
    const config::EngineHints& hints = options_.hints;
    return {.growth_factor = hints.growth_factor,
            .smallest_value = hints.chunk_size,
            .largest_chunk = static_cast<uint32_t>(hints.slab_chunk_max),
            .chunks = hints.slab_sizes};
  }

  // For scripts that start a server on any free port.
  Status WritePortFile() {
    const char* const path = std::getenv("MEMCACHED_PORT_FILENAME");
    // As in memcached: a Unix socket has no port, and writes no file.
    if (path == nullptr || !options_.unix_socket.empty()) return Done{};
    std::string text;
    for (const auto& listener : listeners_) {
      if (!listener->is_tcp()) continue;
      text += listener->is_ipv6() ? "TCP INET6: " : "TCP INET: ";
      text += std::to_string(listener->port()) + "\n";
    }
    for (const auto& socket : udp_sockets_) {
      if (!socket.is_first()) continue;
      text += socket.is_ipv6() ? "UDP INET6: " : "UDP INET: ";
      text += std::to_string(socket.port()) + "\n";
    }
    return platform::WriteFileAtomically(path, std::string(path) + ".lck", text);
  }

  Status Start() {
    started_ = platform::MonotonicSeconds();
    context_ = {.cache = cache_.get(),
                .options = &options_,
                .counters = &registry_,
                .log = &log_,
                .tunables = &tunables_,
                .prefixes = &prefixes_,
                .watch = &watch_,
                .uploads = uploads_.get(),
                .connections = &connections_,
                .users = users_.get(),
                .unix_at_zero = static_cast<int64_t>(std::time(nullptr)) - clock_.Now(),
                .event_backend = EventBackend(),
                .bytes_without_cache = bytes_without_cache_,
                .port = listeners_.empty() ? uint16_t{0} : listeners_.front()->port(),
                .seconds_since_cert_refresh = hooks_.seconds_since_cert_refresh,
                .refresh_certificates = hooks_.refresh_certs,
                .stop = [](bool gracefully) { platform::AskToStop(gracefully); }};
    if (options_.debug_commands) {
      context_.change_clock = [this](command::Context::ClockChange change) { ChangeClock(change); };
    }
    budget_ = std::make_unique<net::BufferBudget>(cache_.get(),
                                                  size_t{options_.read_buffer_limit_mb} << 20);
    signals_ = std::make_unique<asio::signal_set>(*loop_);
    for (const int signal : platform::StopSignals()) {
      signals_->add(signal);
    }
    AwaitSignal("finishing what was received");
    reload_signals_ = std::make_unique<asio::signal_set>(*loop_);
    for (const int signal : platform::ReloadSignals()) {
      reload_signals_->add(signal);
    }
    AwaitReload();
    admission_ = std::make_unique<Admission>(loop_.get(), &options_, counters_, &log_, &listeners_,
                                             &workers_);
    context_.accepting = &admission_->state();
    for (uint32_t i = 0; i < options_.threads; ++i) {
      workers_.push_back(
          std::make_unique<net::Worker>(&context_, budget_.get(), admission_->clients()));
      if (Status status = workers_.back()->Start(); !status.ok()) return status;
    }
    ServeUdp();
    admission_->Open();
    timer_ = std::make_unique<asio::steady_timer>(*loop_);
    KeepTime();
    platform::DaemonIsUp();
    platform::TellServiceManager("READY=1");
    // memcached says nothing; who sits at a terminal wants to know that it has started.
    log_.Write(platform::StderrIsTerminal() ? Level::kFault : Level::kInfo,
               "rat_memcached " + std::string(kVersion) + ": serving on " + ServedOn() + ", " +
                   std::to_string(options_.memory_limit >> 20) + " MiB, " +
                   std::to_string(options_.threads) + " threads");
    return Done{};
  }

  std::string ServedOn() const {
    if (!listeners_.empty()) return listeners_.front()->name();
    return serves_udp_on_.empty() ? "nothing" : serves_udp_on_;
  }

  // Leaves loop_->run() when one of the signals comes.
  void AwaitSignal(const char* what_follows) {
    signals_->async_wait([this, what_follows](const asio::error_code& error, int signal) {
      if (error) return;
      log_.Write(Level::kInfo,
                 "rat_memcached: signal " + std::to_string(signal) + ", " + what_follows);
      loop_->stop();
    });
  }

  void AwaitReload() {
    reload_signals_->async_wait([this](const asio::error_code& error, int /*signal*/) {
      if (error) return;
      Reload();
      AwaitReload();
    });
  }

  // What can change while clients are connected.
  void Reload() {
    if (users_ != nullptr) {
      const Status status = users_->Reload();
      log_.Write(status.ok() ? Level::kInfo : Level::kFault,
                 status.ok()
                     ? "rat_memcached: users read again"
                     : "rat_memcached: the users stay as they were: " + status.error().message);
    }
    if (tls_ == nullptr) return;
    const std::string fault = hooks_.refresh_certs();
    if (fault.empty()) {
      log_.Write(Level::kInfo, "rat_memcached: certificates read again");
    } else {
      log_.Write(Level::kFault, "rat_memcached: the certificates stay as they were: " + fault);
    }
  }

  Hooks MakeHooks() {
    return {.refresh_certs =
                [this] {
                  if (tls_ == nullptr) return std::string("Error TLS not enabled");
                  const Status status = tls_->Reload();
                  return status.ok() ? std::string() : status.error().message;
                },
            .seconds_since_cert_refresh =
                [this] { return tls_ == nullptr ? int64_t{0} : tls_->SecondsSinceLoad(); }};
  }

  // Once per second, on the second as the clock counts it.
  void KeepTime() {
    timer_->expires_after(std::chrono::seconds(1));
    timer_->async_wait([this](const asio::error_code& error) {
      if (error) return;
      if (!clock_paused_) Tick();
      counters_->Add(observe::Count::kUploadsExpired, uploads_->Sweep(cache_->Now()));
      KeepTime();
    });
  }

  void Tick() {
    const auto passed = static_cast<int64_t>(platform::MonotonicSeconds() - started_);
    cache_->Tick(static_cast<uint32_t>(CoarseClock::kStartSeconds +
                                       std::max<int64_t>(passed + clock_shift_, 0)));
  }

  // On a worker's thread; returns when it is done.
  void ChangeClock(command::Context::ClockChange change) {
    using Kind = command::Context::ClockChange::Kind;
    const auto done = std::make_shared<std::promise<void>>();
    asio::post(*loop_, [this, change, done] {
      if (change.kind != Kind::kShift) clock_paused_ = change.kind == Kind::kPause;
      clock_shift_ += change.seconds;
      if (change.kind == Kind::kShift) Tick();
      done->set_value();
    });
    done->get_future().wait();
  }

  void Stop() {
    platform::TellServiceManager("STOPPING=1");
    admission_->Close();
    for (const auto& worker : workers_) {
      worker->Drain(kDrainPatience);
    }
    // Time goes on meanwhile, and another signal ends the patience.
    loop_->restart();
    AwaitSignal("stopping at once");
    while (!AllDone()) {
      loop_->run_for(kDrainPoll);
      if (!loop_->stopped()) continue;
      loop_->restart();
      for (const auto& worker : workers_) {
        worker->Drain(std::chrono::milliseconds(0));
      }
    }
    for (const auto& worker : workers_) {
      worker->Join();
    }
    workers_.clear();
    RemovePidFile();
    log_.Write(Level::kInfo, "rat_memcached: stopped");
  }

  void RemovePidFile() {
    if (!options_.pid_file.empty()) platform::RemovePidFile(options_.pid_file);
  }

  bool AllDone() const {
    return std::all_of(workers_.begin(), workers_.end(),
                       [](const auto& worker) { return worker->done(); });
  }

  const ServerOptions options_;
  const std::vector<std::string> warnings_;
  observe::Log log_;
  command::Tunables tunables_;
  observe::WatchHub watch_{options_.watcher_buffer};
  std::unique_ptr<command::EvictionReporter> eviction_reporter_;
  std::unique_ptr<auth::UsersFile> users_;  // null: nobody needs to log in
  observe::ConnectionList connections_;
  command::PrefixStats prefixes_{options_.prefix_delimiter, options_.detail_enabled};
  observe::CounterRegistry registry_;
  observe::ThreadCounters* counters_ = nullptr;  // of this thread
  CoarseClock clock_;
  double started_ = 0;
  int64_t clock_shift_ = 0;  // debugtime
  bool clock_paused_ = false;
  size_t bytes_without_cache_ = 0;
  std::unique_ptr<cache::Cache> cache_;
  std::unique_ptr<command::UploadRegistry> uploads_;
  command::Context context_;
  std::unique_ptr<net::BufferBudget> budget_;
  std::unique_ptr<net::TlsContext> tls_;  // null without -Z
  const Hooks hooks_ = MakeHooks();
  std::unique_ptr<asio::io_context> loop_;
  std::unique_ptr<asio::signal_set> signals_;
  std::unique_ptr<asio::signal_set> reload_signals_;
  std::unique_ptr<asio::steady_timer> timer_;
  net::Listener::List listeners_;
  net::BoundUdpSocket::List udp_sockets_;  // until workers have them
  std::string serves_udp_on_;              // empty: nowhere
  std::unique_ptr<Admission> admission_;
  std::vector<std::unique_ptr<net::Worker>> workers_;
};

}  // namespace

Status Run(const config::CommandLine& command_line) { return Server(command_line).Run(); }

}  // namespace rat_memcache::server
