// A listening socket: accepts connections and hands them on.
//
// Threads: the thread that runs its event loop.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>

#include "base/result.h"
#include "net/listener_traits.h"
#include "net/socket.h"
#include "observe/connection_list.h"
#include "observe/counters.h"

namespace rat_memcache::net {

class Listener : private observe::ConnectionList::Entry {
 public:
  using OnAccept = std::function<void(AcceptedSocket)>;
  using List = std::vector<std::unique_ptr<Listener>>;

  // What all listeners of a server share.
  struct Surroundings {
    asio::io_context* loop;
    observe::ThreadCounters* counters;
    observe::ConnectionList* connections;
    uint32_t backlog;
    // SO_MARK of the sockets; 0: none.
    uint32_t mark = 0;
    // Told what does not keep a listener from working.
    std::function<void(const std::string&)> on_warning = [](const std::string&) {};
  };

  // Listens on every address that `host` stands for (empty: all interfaces), each with a listener
  // of its own. Port 0 is any free one.
  static Result<List> OpenTcp(const Surroundings& surroundings, const std::string& host,
                              uint16_t port, const ListenerTraits& traits);
  // Listens on a socket in the file system, with the permissions of `mode`. A socket that is there
  // already is taken for one of a server that has ended. The file stays when the listener goes.
  static Result<std::unique_ptr<Listener>> OpenUnix(const Surroundings& surroundings,
                                                    const std::string& path, uint32_t mode,
                                                    const ListenerTraits& traits);
  // Takes over a socket that somebody else has opened and that listens already. `traits` says
  // whether it is one of TCP.
  static Result<std::unique_ptr<Listener>> TakeOver(const Surroundings& surroundings, int family,
                                                    Acceptor::native_handle_type handle,
                                                    const ListenerTraits& traits);
  ~Listener() override;

  void Start(OnAccept on_accept);
  void Stop();
  // Lets clients wait unaccepted, until Resume(). At most one more is accepted meanwhile, if it had
  // come before.
  void Pause();
  void Resume();

  const ListenerTraits& traits() const { return traits_; }
  const std::string& name() const { return traits_.name; }
  // 0 if it is none of TCP.
  uint16_t port() const { return tcp_endpoint_.port(); }
  bool is_tcp() const { return traits_.transport == ListenerTraits::Transport::kTcp; }
  bool is_ipv6() const { return is_tcp() && tcp_endpoint_.address().is_v6(); }

 private:
  Listener(const Surroundings& surroundings, Acceptor acceptor, const ListenerTraits& traits,
           const std::string& path);
  observe::ConnectionReport Describe() const override;
  void Accept();

  Acceptor acceptor_;
  StreamProtocol protocol_;
  asio::ip::tcp::endpoint tcp_endpoint_;
  ListenerTraits traits_;
  asio::steady_timer retry_;
  observe::ThreadCounters* const counters_;
  observe::ConnectionList* const connections_;
  OnAccept on_accept_;
  bool accepting_ = false;  // an accept is under way
  bool paused_ = false;
};

}  // namespace rat_memcache::net
