// One client: reads what has come, has it carried out, sends the replies.
//
// A connection takes turns. In a turn it serves what it has received, up to a number of requests
// (-R), and sends all replies at once; if more is waiting it goes to the end of the line. At any
// time exactly one thing is awaited: input, room for output, or the next turn. While replies wait
// for a slow reader nothing is read: a client that does not read cannot make the server collect
// replies.
//
// Input goes to a small buffer of the connection. If that is filled to the brim there is more, and
// the worker's large buffer, which all its connections share, takes over for the rest of the turn.
// So an idle connection costs about a kilobyte, and a busy one reads 64 KiB at a time. With TLS,
// input is decrypted into the large buffer at once, and replies are put together into pieces of
// ssl_wbuf_size before they are encrypted (connection_tls.cc).
//
// No wait lasts for ever: a handshake has kHandshakePatience, a reader that takes nothing of its
// replies kReaderPatience, and a client without commands what idle_timeout says. The worker looks
// once per second while any of these applies.
//
// Threads: all calls on the worker's thread.
// Ownership: a connection belongs to its worker and is deleted when it closes, which it does by
// itself; so no method of the connection may be on the stack behind a call that closes it.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/gather_buffer.h"
#include "base/inlining.h"
#include "command/executor.h"
#include "net/input_buffer.h"
#include "net/listener_traits.h"
#include "net/socket.h"
#include "net/tls_stream.h"
#include "observe/connection_list.h"
#include "protocol/parser.h"

namespace rat_memcache::net {

class Worker;

class Connection : private observe::ConnectionList::Entry {
 public:
  // `from` outlives the connection.
  Connection(Worker* worker, Socket socket, const ListenerTraits* from);
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void Start();
  // Serves what has been received, the kernel's share included, sends all replies, and closes.
  void Drain();
  // Ends a wait that has lasted too long at the worker's time `now`. False if what the connection
  // is doing has no end of its own, and so needs no looking after.
  bool LookAfter(uint32_t now);

  // For the worker's list.
  Connection* next = nullptr;
  Connection* previous = nullptr;

 private:
  // How a turn ended.
  enum class Turn : uint8_t {
    kDry,      // what has come is served; more is needed
    kOver,     // there is more to serve, but it is somebody else's turn
    kBlocked,  // the client must read first
    kClose,    // the client said goodbye, or what it said is no protocol
    kGone,     // the connection is broken
  };
  enum class Sent : uint8_t { kAll, kBlocked, kBroken };
  // Why it ends; for who watches.
  enum class End : uint8_t { kNormal, kError, kIdle, kShutdown };
  // What is awaited that another side may never bring about.
  enum class Wait : uint8_t { kNone, kHandshake, kInput, kRoom };

  // Any thread, while the connection is listed.
  observe::ConnectionReport Describe() const override;

  // Seconds that the present wait may last; 0: for ever.
  uint32_t Patience() const;
  // Until the socket can be read or written: every wait but that for input without TLS. Out of
  // line, so that it takes nothing from that one.
  RAT_NEVER_INLINE void AwaitReady(Socket::wait_type direction);
  void OnReady(const asio::error_code& error);
  // A value has begun and its rest has not come.
  bool AwaitsValue() const { return parser_.wanted() > 0 || parser_.body_missing() > 0; }
  void AwaitInput();
  void OnInput(const asio::error_code& error, size_t bytes);
  void AwaitRoom();
  void OnRoom(const asio::error_code& error);
  void AwaitTurn();
  void TakeTurn();
  // While draining, in place of AwaitInput(): goes on with what has come, or closes.
  void AwaitDrainTurn();
  void DrainTurn();
  // Reads what is there without waiting and serves it; true if that was all there is to do for now.
  // False if nothing has come.
  bool ReceiveAndServe();
  // Reads on into the worker's shared buffer, behind what is there. Only if the input is inline.
  std::string_view ReadIntoShared();
  bool MakeInputRoom();
  // Serves the input and does what is to be done next.
  void Serve(std::string_view input, bool input_is_shared);
  Turn ServeRequests(std::string_view input, size_t* consumed);
  // Goes on with a reply that is made piece by piece; kDry when it is complete.
  Turn Produce();
  // Sends when much has come together; false if the turn ends here, as `*turn` says.
  bool SendIfMuch(Turn* turn);
  void EndTurn(Turn turn);
  // Reads what is there without waiting; 0 and no error if nothing is.
  size_t ReceiveNow(char* to, size_t room, asio::error_code* error);

  Sent Flush();
  Sent Send(GatherBuffer* buffer);
  size_t SendGathered(const GatherBuffer& buffer, asio::error_code* error);
  void KeepUnsent();
  void NoteEnd(const asio::error_code& error);
  void Close();
  // To watchers: `what` begins the line, `rest` ends it.
  void Report(std::string_view what, std::string_view rest) const;

  // With `watch`: events are sent as they come, and what the client says is not looked at.
  std::function<void()> MakeWaker();
  void SendEvents();
  void AwaitRoomForEvents();
  void GiveUpWatching();

  // With TLS.
  void AwaitHandshake(Socket::wait_type direction);
  void OnHandshake(const asio::error_code& error);
  void FailHandshake(const std::string& why);
  void AwaitTlsInput();
  void OnTlsInput(const asio::error_code& error);
  size_t ReceiveTls(char* to, size_t room);
  RAT_NEVER_INLINE Sent SendTls(GatherBuffer* buffer);

  Worker* const worker_;
  const ListenerTraits* const from_;
  Socket socket_;
  // Null without TLS, and until the client has sent the first byte of its handshake.
  std::unique_ptr<TlsStream> tls_;
  uint32_t since_ = 0;  // the worker's time when the wait, or the last turn, began
  Wait wait_ = Wait::kNone;
  End end_ = End::kNormal;
  InputBuffer input_;
  protocol::Parser parser_;
  command::Session session_;
  // Replies that could not be sent yet, if there are any.
  std::unique_ptr<GatherBuffer> unsent_;
  size_t unsent_charged_ = 0;  // what of its memory the budget knows of
  // For Describe(). Relaxed: something to look at.
  std::atomic<bool> in_turn_{false};
  std::atomic<bool> in_value_{false};  // the rest of a value is awaited
  std::atomic<bool> blocked_{false};
  std::atomic<bool> watching_{false};
  std::atomic<uint32_t> last_command_{0};
  // What a waker finds while the connection exists.
  std::shared_ptr<Connection*> self_;
  bool closing_ = false;   // once everything is sent
  bool draining_ = false;  // once everything is served
};

}  // namespace rat_memcache::net
