// SPDX-License-Identifier: LGPL-3.0-or-later
#include "server/admission.h"

#include <string>
#include <string_view>
#include <utility>

#include <asio/post.hpp>

namespace rat_memcache::server {
namespace {

using observe::Count;
using observe::Level;

constexpr std::string_view kTooManyConnections = "ERROR Too many open connections\r\n";

}  // namespace

Admission::Admission(asio::io_context* loop, const config::ServerOptions* options,
                     observe::ThreadCounters* counters, const observe::Log* log,
                     const net::Listener::List* listeners, const Workers* workers)
    : loop_(loop),
      options_(options),
      counters_(counters),
      log_(log),
      listeners_(listeners),
      workers_(workers),
      clients_(options->clients_max(), [this] { asio::post(*loop_, [this] { OnPlace(); }); }) {}

void Admission::Open() {
  for (const auto& listener : *listeners_) {
    listener->Start([this](net::AcceptedSocket socket) { Admit(std::move(socket)); });
  }
}

void Admission::Close() {
  for (const auto& listener : *listeners_) {
    listener->Stop();
  }
  waiting_.clear();
}

void Admission::Admit(net::AcceptedSocket socket) {
  if (waiting_.empty() && clients_.Take()) return Deal(std::move(socket));
  if (options_->maxconns_fast) return Refuse(std::move(socket));
  waiting_.push_back(std::move(socket));
  if (waiting_.size() == 1) AwaitPlace();
}

void Admission::Deal(net::AcceptedSocket socket) {
  (*workers_)[next_worker_]->Adopt(std::move(socket));
  next_worker_ = (next_worker_ + 1) % workers_->size();
}

void Admission::Refuse(net::AcceptedSocket accepted) {
  counters_->Add(Count::kConnectionsRejected);
  net::Socket socket(*loop_);
  asio::error_code error = accepted.GiveTo(&socket);
  if (!error) socket.send(asio::buffer(kTooManyConnections), 0, error);
  if (!log_->enabled(Level::kInfo)) return;
  log_->Write(Level::kInfo,
              "rat_memcached: refused a connection: " + std::to_string(options_->clients_max()) +
                  " are open, the most that -c allows");
}

void Admission::AwaitPlace() {
  for (const auto& listener : *listeners_) {
    listener->Pause();
  }
  full_since_ = std::chrono::steady_clock::now();
  counters_->Add(Count::kListenDisabled);
  state_.accepting.store(false, std::memory_order_relaxed);
  if (!clients_.AwaitPlace()) OnPlace();
}

void Admission::OnPlace() {
  while (!waiting_.empty()) {
    if (!clients_.Take()) {
      if (clients_.AwaitPlace()) return;
      continue;
    }
    Deal(std::move(waiting_.back()));
    waiting_.pop_back();
  }
  // Told twice, or told when closed.
  if (state_.accepting.load(std::memory_order_relaxed)) return;
  const auto passed = std::chrono::steady_clock::now() - full_since_;
  counters_->Add(
      Count::kListenDisabledUs,
      static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(passed).count()));
  state_.accepting.store(true, std::memory_order_relaxed);
  for (const auto& listener : *listeners_) {
    listener->Resume();
  }
}

}  // namespace rat_memcache::server
