// SPDX-License-Identifier: LGPL-3.0-or-later
#include "net/connection.h"

#include <algorithm>
#include <array>
#include <utility>

#include <asio/post.hpp>

#include "net/worker.h"
#include "observe/counters.h"

namespace rat_memcache::net {
namespace {

using observe::Count;

// Replies are sent during a turn already when so much has come together.
constexpr size_t kSendFrom = 256 << 10;
// Batches of one turn, whatever -R says: a get of many keys is one request.
constexpr int kBatchesPerTurn = 16;
// Parts of a long reply in one turn, and their bytes.
constexpr int kPartsPerTurn = 16;
constexpr size_t kPartsBytesPerTurn = 256 << 10;
// Pinned values of a reply that has to wait are copied up to this size, so that a slow reader does
// not keep segments from being cleaned.
constexpr size_t kCopyUnsentMax = 64 << 10;
constexpr size_t kBuffersPerSend = 64;
// Seconds.
constexpr uint32_t kHandshakePatience = 30;
constexpr uint32_t kReaderPatience = 60;

constexpr std::string_view kNoMemoryForRequest = "SERVER_ERROR out of memory reading request\r\n";

bool WouldBlock(const asio::error_code& error) {
  return error == asio::error::would_block || error == asio::error::try_again;
}

protocol::Spoken SpokenOn(const ListenerTraits& listener) {
  switch (listener.protocol) {
    case config::WireProtocol::kAscii:
      return protocol::Spoken::kAscii;
    case config::WireProtocol::kBinary:
      return protocol::Spoken::kBinary;
    case config::WireProtocol::kNegotiated:
      break;
  }
  return protocol::Spoken::kEither;
}

}  // namespace

Connection::Connection(Worker* worker, Socket socket, const ListenerTraits* from)
    : worker_(worker),
      from_(from),
      socket_(std::move(socket)),
      input_(&worker->budget()),
      parser_(SpokenOn(*from)) {
  parser_.AllowStreaming(worker_->context().options->streaming.enabled);
  last_command_.store(worker_->context().cache->Now(), std::memory_order_relaxed);
  worker_->budget().TakeForConnection(sizeof *this);
}

Connection::~Connection() {
  if (worker_->context().watch->wanted(observe::WatchStream::kConnections)) {
    constexpr std::string_view kReasons[] = {"normal", "error", "idle_timeout", "shutdown"};
    Report("conn_close", " reason=" + std::string(kReasons[static_cast<size_t>(end_)]));
  }
  Unlist();
  worker_->budget().GiveForConnection(sizeof *this);
  worker_->budget().Give(unsent_charged_);
  if (tls_ != nullptr) worker_->budget().GiveForConnection(TlsStream::kBytesEstimated);
}

observe::ConnectionReport Connection::Describe() const {
  const auto is = [](const std::atomic<bool>& flag) {
    return flag.load(std::memory_order_relaxed);
  };
  asio::error_code ignored;
  // native_handle() is no call for readers, though it only looks.
  auto& socket = const_cast<Socket&>(socket_);
  return {.handle = socket.native_handle(),
          .address = NameOf(socket.remote_endpoint(ignored)),
          .listen_address = NameOf(socket.local_endpoint(ignored)),
          .state = is(watching_)   ? "conn_watch"
                   : is(in_turn_)  ? "conn_parse_cmd"
                   : is(blocked_)  ? "conn_mwrite"
                   : is(in_value_) ? "conn_nread"
                                   : "conn_read",
          .seconds_since_command =
              worker_->context().cache->Now() - last_command_.load(std::memory_order_relaxed)};
}

void Connection::Start() {
  Enlist(worker_->context().connections);
  session_.descriptor = socket_.native_handle();
  session_.waker = [this] { return MakeWaker(); };
  if (worker_->context().watch->wanted(observe::WatchStream::kConnections)) {
    Report("conn_new", "");
  }
  since_ = worker_->now();
  if (from_->tls == nullptr) return AwaitInput();
  worker_->StartLookingAfter();
  AwaitHandshake(Socket::wait_read);
}

void Connection::Close() {
  if (tls_ != nullptr) tls_->SayGoodbye();
  worker_->Remove(this);  // deletes this
}

uint32_t Connection::Patience() const {
  switch (wait_) {
    case Wait::kNone:
      break;
    case Wait::kHandshake:
      return kHandshakePatience;
    case Wait::kInput:
      // As in memcached, who has begun a value may take his time, and so may a watcher and clients
      // of a Unix socket.
      if (AwaitsValue() || session_.watching) return 0;
      return from_->transport == ListenerTraits::Transport::kTcp ? worker_->idle_timeout() : 0;
    case Wait::kRoom:
      return kReaderPatience;
  }
  return 0;
}

bool Connection::LookAfter(uint32_t now) {
  const uint32_t patience = Patience();
  if (patience == 0) return false;
  if (now - since_ > patience) {
    // What is awaited ends with an error; or well, if it has come at the last moment.
    asio::error_code ignored;
    socket_.cancel(ignored);
  }
  return true;
}

// The wait for input has ended without any.
void Connection::NoteEnd(const asio::error_code& error) {
  if (end_ != End::kNormal || error == asio::error::eof) return;
  if (error == asio::error::operation_aborted) {
    worker_->counters().Add(Count::kIdleKicks);
    end_ = End::kIdle;
  } else {
    end_ = End::kError;
  }
}

void Connection::Drain() {
  if (end_ == End::kNormal) end_ = End::kShutdown;
  draining_ = true;
  // Whatever is awaited comes to its end; if it is input, OnInput() sees that it was cancelled.
  asio::error_code ignored;
  if (unsent_ == nullptr || session_.watching != nullptr) socket_.cancel(ignored);
}

// Ends the connection if there is no room.
bool Connection::MakeInputRoom() {
  if (input_.MakeRoom(parser_.wanted())) return true;
  worker_->counters().Add(Count::kBuffersRefused);
  worker_->out().Append(kNoMemoryForRequest);
  EndTurn(Turn::kClose);
  return false;
}

void Connection::AwaitInput() {
  wait_ = Wait::kInput;
  in_turn_.store(false, std::memory_order_relaxed);
  watching_.store(session_.watching != nullptr, std::memory_order_relaxed);
  in_value_.store(AwaitsValue(), std::memory_order_relaxed);
  if (!MakeInputRoom()) return;
  if (tls_ != nullptr) return AwaitTlsInput();
  socket_.async_receive(
      asio::buffer(input_.room(), input_.room_bytes()),
      [this](const asio::error_code& error, size_t bytes) { OnInput(error, bytes); });
}

void Connection::OnInput(const asio::error_code& error, size_t bytes) {
  if (error && !(draining_ && error == asio::error::operation_aborted)) {
    NoteEnd(error);
    return Close();
  }
  worker_->counters().Add(Count::kBytesRead, bytes);
  input_.Filled(bytes);
  if (input_.overflowing()) return Serve(ReadIntoShared(), true);
  Serve(input_.bytes(), false);
}

std::string_view Connection::ReadIntoShared() {
  const std::span<char> shared = worker_->shared_input();
  const std::string_view head = input_.bytes();
  std::memcpy(shared.data(), head.data(), head.size());
  asio::error_code ignored;  // a broken connection will say so again
  const size_t more =
      ReceiveNow(shared.data() + head.size(), shared.size() - head.size(), &ignored);
  return {shared.data(), head.size() + more};
}

bool Connection::ReceiveAndServe() {
  if (input_.is_inline()) {
    const size_t before = input_.bytes().size();
    const std::string_view input = ReadIntoShared();
    if (input.size() == before) return false;
    Serve(input, true);
    return true;
  }
  if (!MakeInputRoom()) return true;
  asio::error_code ignored;
  const size_t bytes = ReceiveNow(input_.room(), input_.room_bytes(), &ignored);
  input_.Filled(bytes);
  if (bytes == 0) return false;
  Serve(input_.bytes(), false);
  return true;
}

void Connection::DrainTurn() {
  if (ReceiveAndServe()) return;
  // Nothing more has come. Replies are on their way: say goodbye before letting go of the socket.
  if (tls_ != nullptr) tls_->SayGoodbye();
  asio::error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  Close();
}

size_t Connection::ReceiveNow(char* to, size_t room, asio::error_code* error) {
  const size_t bytes =
      tls_ != nullptr ? ReceiveTls(to, room) : socket_.receive(asio::buffer(to, room), 0, *error);
  if (WouldBlock(*error)) error->clear();
  worker_->counters().Add(Count::kBytesRead, bytes);
  return bytes;
}

void Connection::Serve(std::string_view input, bool input_is_shared) {
  wait_ = Wait::kNone;
  since_ = worker_->now();
  in_turn_.store(true, std::memory_order_relaxed);
  blocked_.store(false, std::memory_order_relaxed);
  last_command_.store(worker_->context().cache->Now(), std::memory_order_relaxed);
  if (session_.watching != nullptr) {
    // A watcher has nothing more to say.
    if (!input_is_shared) input_.Consume(input.size());
    if (draining_) return AwaitDrainTurn();
    SendEvents();  // what came while its OK was on its way
    return AwaitInput();
  }
  size_t consumed = 0;
  Turn turn = session_.producer != nullptr ? Produce() : Turn::kDry;
  if (turn == Turn::kDry) turn = ServeRequests(input, &consumed);
  if (!input_is_shared) {
    input_.Consume(consumed);
  } else if (!input_.Assign(input.substr(consumed)) && turn != Turn::kGone) {
    worker_->counters().Add(Count::kBuffersRefused);
    worker_->out().Append(kNoMemoryForRequest);
    turn = Turn::kClose;
  }
  EndTurn(turn);
}

Connection::Turn Connection::ServeRequests(std::string_view input, size_t* consumed) {
  GatherBuffer& out = worker_->out();
  protocol::RequestBatch& batch = worker_->batch();
  size_t lines_left = worker_->requests_per_event();
  for (int batches = 0; *consumed < input.size(); ++batches) {
    if (lines_left == 0 || batches == kBatchesPerTurn) {
      worker_->counters().Add(Count::kConnectionYields);
      return Turn::kOver;
    }
    const size_t lines_max = std::min(lines_left, protocol::RequestBatch::kCapacity);
    batch.Clear(lines_max);
    parser_.RequireLogin(worker_->executor().NeedsLogin(session_));
    const auto progress = parser_.Parse(input.substr(*consumed), &batch);
    const auto after = worker_->executor().Run(&batch, &session_, &out);
    *consumed += progress.consumed;
    lines_left -= lines_max - batch.lines_left();
    if (after == command::Executor::After::kClose) return Turn::kClose;
    if (progress.close) {
      worker_->counters().Add(Count::kLinesTooLong);
      end_ = End::kError;
      return Turn::kClose;
    }
    if (session_.watching != nullptr) *consumed = input.size();
    Turn turn = Turn::kDry;
    if (!SendIfMuch(&turn)) return turn;
    if (session_.producer != nullptr) {
      turn = Produce();
      if (turn != Turn::kDry) return turn;
    }
    if (progress.consumed == 0 && batch.empty()) break;
  }
  return Turn::kDry;
}

Connection::Turn Connection::Produce() {
  size_t bytes = 0;
  for (int parts = 0; session_.producer != nullptr; ++parts) {
    if (parts == kPartsPerTurn || bytes >= kPartsBytesPerTurn) return Turn::kOver;
    const size_t before = worker_->out().size();
    if (!session_.producer->Produce(&worker_->out())) session_.producer.reset();
    bytes += worker_->out().size() - before;
    // The last part may go out together with what follows.
    Turn turn = Turn::kDry;
    if (session_.producer == nullptr) return SendIfMuch(&turn) ? Turn::kDry : turn;
    // Each other part is sent at once: no more than one of them is ever kept for the client.
    const Sent sent = Flush();
    if (sent != Sent::kAll) return sent == Sent::kBlocked ? Turn::kBlocked : Turn::kGone;
  }
  return Turn::kDry;
}

bool Connection::SendIfMuch(Turn* turn) {
  if (worker_->out().size() + (unsent_ != nullptr ? unsent_->size() : 0) < kSendFrom) return true;
  const Sent sent = Flush();
  if (sent == Sent::kAll) return true;
  *turn = sent == Sent::kBlocked ? Turn::kBlocked : Turn::kGone;
  return false;
}

void Connection::EndTurn(Turn turn) {
  if (turn == Turn::kOver && !worker_->out().empty()) {
    // The replies of this input go out together, when all of it was served.
    KeepUnsent();
  }
  if (turn == Turn::kOver) return AwaitTurn();
  if (turn == Turn::kDry || turn == Turn::kClose) {
    closing_ = turn == Turn::kClose;
    switch (Flush()) {
      case Sent::kAll:
        if (closing_) return Close();
        return draining_ ? AwaitDrainTurn() : AwaitInput();
      case Sent::kBlocked:
        turn = Turn::kBlocked;
        break;
      case Sent::kBroken:
        turn = Turn::kGone;
        break;
    }
  }
  if (turn == Turn::kGone) return Close();
  worker_->counters().Add(Count::kReadsPaused);
  AwaitRoom();
}

// --- watch ---

std::function<void()> Connection::MakeWaker() {
  if (self_ == nullptr) self_ = std::make_shared<Connection*>(this);
  return [executor = socket_.get_executor(), self = std::weak_ptr<Connection*>(self_)] {
    asio::post(executor, [self] {
      // On the worker's thread, as is the connection's end.
      if (const auto connection = self.lock()) (*connection)->SendEvents();
    });
  };
}

void Connection::SendEvents() {
  if (session_.watching == nullptr || unsent_ != nullptr) return;  // goes on when there is room
  worker_->out().Append(session_.watching->TakeLines());
  switch (Flush()) {
    case Sent::kAll:
      return;
    case Sent::kBlocked:
      return AwaitRoomForEvents();
    case Sent::kBroken:
      return GiveUpWatching();
  }
}

void Connection::AwaitRoomForEvents() {
  socket_.async_wait(Socket::wait_write, [this, self = std::weak_ptr<Connection*>(self_)](
                                             const asio::error_code& error) {
    if (error || self.expired()) return;
    switch (Flush()) {
      case Sent::kAll:
        return SendEvents();
      case Sent::kBlocked:
        return AwaitRoomForEvents();
      case Sent::kBroken:
        return GiveUpWatching();
    }
  });
}

// Ends the wait for input, and with it the connection.
void Connection::GiveUpWatching() {
  end_ = End::kError;
  asio::error_code ignored;
  socket_.cancel(ignored);
}

void Connection::Report(std::string_view what, std::string_view rest) const {
  const bool tcp = from_->transport == ListenerTraits::Transport::kTcp;
  asio::error_code ignored;
  const auto peer =
      tcp ? TcpEndpointOf(socket_.remote_endpoint(ignored)) : asio::ip::tcp::endpoint();
  std::string line = "type=" + std::string(what);
  line += " rip=" + (tcp ? peer.address().to_string() : "unix");
  line += " rport=" + std::to_string(peer.port());
  line += tcp ? " transport=tcp" : " transport=local";
  line += rest;
  line += " cfd=" + std::to_string(session_.descriptor);
  worker_->context().watch->Report(observe::WatchStream::kConnections, line);
}

void Connection::AwaitTurn() {
  asio::post(socket_.get_executor(), [this] { TakeTurn(); });
}

void Connection::AwaitDrainTurn() {
  asio::post(socket_.get_executor(), [this] { DrainTurn(); });
}

void Connection::TakeTurn() { Serve(input_.bytes(), false); }

void Connection::AwaitRoom() {
  worker_->StartLookingAfter();
  wait_ = Wait::kRoom;
  in_turn_.store(false, std::memory_order_relaxed);
  blocked_.store(true, std::memory_order_relaxed);
  since_ = worker_->now();
  AwaitReady(Socket::wait_write);
}

void Connection::OnRoom(const asio::error_code& error) {
  if (error) {
    if (error == asio::error::operation_aborted) worker_->counters().Add(Count::kReadersGivenUp);
    return Close();
  }
  switch (Flush()) {
    case Sent::kAll:
      return closing_ ? Close() : TakeTurn();
    case Sent::kBlocked:
      return AwaitRoom();
    case Sent::kBroken:
      return Close();
  }
}

void Connection::AwaitReady(Socket::wait_type direction) {
  socket_.async_wait(direction, [this](const asio::error_code& error) { OnReady(error); });
}

void Connection::OnReady(const asio::error_code& error) {
  switch (wait_) {
    case Wait::kNone:
      break;
    case Wait::kHandshake:
      return OnHandshake(error);
    case Wait::kInput:
      return OnTlsInput(error);
    case Wait::kRoom:
      return OnRoom(error);
  }
}

// Sends what is unsent and what this turn has added. What cannot be sent is kept.
Connection::Sent Connection::Flush() {
  GatherBuffer& out = worker_->out();
  if (unsent_ != nullptr && !out.empty()) KeepUnsent();
  const Sent sent = Send(unsent_ != nullptr ? unsent_.get() : &out);
  if (sent == Sent::kAll && unsent_ != nullptr) {
    unsent_.reset();
    worker_->budget().Give(std::exchange(unsent_charged_, 0));
  } else if (sent == Sent::kBlocked && !out.empty()) {
    KeepUnsent();
  }
  if (sent == Sent::kBroken) out.Clear(out.capacity());
  worker_->TrimOut();
  return sent;
}

void Connection::KeepUnsent() {
  if (unsent_ == nullptr) unsent_ = std::make_unique<GatherBuffer>();
  // A value that is sent in parts stays pinned meanwhile, copied or not.
  unsent_->TakeFrom(&worker_->out(), session_.producer != nullptr ? 0 : kCopyUnsentMax);
  worker_->budget().TakeAnyway(unsent_->capacity() - unsent_charged_);
  unsent_charged_ = unsent_->capacity();
}

Connection::Sent Connection::Send(GatherBuffer* buffer) {
  if (tls_ != nullptr) return SendTls(buffer);
  while (!buffer->empty()) {
    asio::error_code error;
    size_t bytes;
    if (buffer->text_only()) {
      const std::string_view text = buffer->Text();
      bytes = socket_.send(asio::buffer(text.data(), text.size()), 0, error);
    } else {
      bytes = SendGathered(*buffer, &error);
    }
    if (error) return WouldBlock(error) ? Sent::kBlocked : Sent::kBroken;
    worker_->counters().Add(Count::kBytesWritten, bytes);
    buffer->Consume(bytes);
  }
  return Sent::kAll;
}

size_t Connection::SendGathered(const GatherBuffer& buffer, asio::error_code* error) {
  std::array<std::string_view, kBuffersPerSend> parts;
  std::array<asio::const_buffer, kBuffersPerSend> buffers;
  const size_t filled = buffer.Peek(parts);
  for (size_t i = 0; i < filled; ++i) {
    buffers[i] = asio::buffer(parts[i].data(), parts[i].size());
  }
  return socket_.send(std::span(buffers).first(filled), 0, *error);
}

}  // namespace rat_memcache::net
