// Who starts and watches a server: sockets that it has opened for us, and being told how we are.
// On Linux that is systemd, or whatever speaks its two small protocols, sd_listen_fds(3) and
// sd_notify(3); elsewhere nobody.
//
// Threads: the main one, before others are started.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

namespace rat_memcache::platform {

struct InheritedSocket {
  int handle;
  int family;    // as the system numbers them
  bool is_unix;  // otherwise an internet one
  bool listens;  // otherwise it is no stream socket, or not listening
};
// Sockets that were opened for this process (LISTEN_FDS, LISTEN_PID). They are the caller's from
// now on; a second call finds none. To be asked before Daemonize(), which changes the process.
std::vector<InheritedSocket> TakeInheritedSockets();

// Tells the service manager (NOTIFY_SOCKET), if there is one, "READY=1" or "STOPPING=1".
void TellServiceManager(const std::string& state);

}  // namespace rat_memcache::platform
