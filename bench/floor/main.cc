// rat_floor: a server that does nothing. The floor below which no server on this system can be.
//
// Plain epoll, one thread. It reads, finds line ends, and answers every line with the same bytes;
// one send per read. The answer is what a get of a missing key gives, or a value of the given size.
// It knows no commands: a set would be answered for both of its lines.
// SPDX-License-Identifier: LGPL-3.0-or-later
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include "base/decimal.h"

namespace rat_memcache::do_nothing {
namespace {

constexpr int kListenBacklog = 1024;
constexpr size_t kReadBytes = 16384;

struct Options {
  uint16_t port = 0;
  uint32_t value_size = 0;  // 0: a miss
  uint32_t key_size = 14;
  uint32_t values_per_line = 1;
};

// False after a complaint.
bool ParseOptions(int count, char** arguments, Options* options) {
  for (int i = 1; i < count; i += 2) {
    const std::string_view name = arguments[i];
    const auto value = ParseStrict<uint32_t>(i + 1 < count ? arguments[i + 1] : "");
    if (value && name == "--port" && *value > 0 && *value <= 65535) {
      options->port = static_cast<uint16_t>(*value);
    } else if (value && name == "--value-size") {
      options->value_size = *value;
    } else if (value && name == "--key-size") {
      options->key_size = *value;
    } else if (value && name == "--values-per-line") {
      options->values_per_line = *value;
    } else {
      std::fprintf(stderr, "rat_floor: not understood: %s\n", arguments[i]);
      return false;
    }
  }
  return options->port != 0;
}

std::string AnswerOf(const Options& options) {
  std::string answer;
  if (options.value_size > 0) {
    const std::string value = "VALUE " + std::string(options.key_size, '0') + " 0 " +
                              std::to_string(options.value_size) + "\r\n" +
                              std::string(options.value_size, 'x') + "\r\n";
    for (uint32_t i = 0; i < options.values_per_line; ++i) {
      answer += value;
    }
  }
  return answer + "END\r\n";
}

class Server {
 public:
  explicit Server(const Options& options) : options_(options), answer_(AnswerOf(options)) {}

  // Returns only if something fails.
  void Run();

 private:
  bool Listen();
  void Accept();
  void Serve(int fd, uint32_t events);
  // Sends what it can; false if the client is gone.
  bool Flush(int fd, std::string_view bytes);
  void Watch(int fd, int operation, uint32_t events) const;
  void Close(int fd);

  const Options options_;
  const std::string answer_;
  int listener_ = -1;
  int epoll_ = -1;
  // By descriptor. While it is not empty, nothing is read from that client.
  std::vector<std::string> unsent_;
  std::string out_;
};

bool Server::Listen() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(options_.port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  return ::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 &&
         ::listen(listener_, kListenBacklog) == 0;
}

void Server::Watch(int fd, int operation, uint32_t events) const {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  ::epoll_ctl(epoll_, operation, fd, &event);
}

void Server::Accept() {
  const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
  if (fd < 0) return;
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  unsent_.resize(std::max(unsent_.size(), static_cast<size_t>(fd) + 1));
  Watch(fd, EPOLL_CTL_ADD, EPOLLIN);
}

void Server::Close(int fd) {
  unsent_[static_cast<size_t>(fd)].clear();
  ::close(fd);
}

bool Server::Flush(int fd, std::string_view bytes) {
  const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN) return false;
  std::string& unsent = unsent_[static_cast<size_t>(fd)];
  const bool was_waiting = !unsent.empty();
  const size_t done = sent < 0 ? 0 : static_cast<size_t>(sent);
  if (done == bytes.size()) {
    unsent.clear();
    if (was_waiting) Watch(fd, EPOLL_CTL_MOD, EPOLLIN);
    return true;
  }
  unsent = std::string(bytes.substr(done));
  if (!was_waiting) Watch(fd, EPOLL_CTL_MOD, EPOLLOUT);
  return true;
}

void Server::Serve(int fd, uint32_t events) {
  const std::string& unsent = unsent_[static_cast<size_t>(fd)];
  if (!unsent.empty()) {
    if (!Flush(fd, unsent)) Close(fd);
    return;
  }
  if ((events & EPOLLIN) == 0) return Close(fd);
  std::array<char, kReadBytes> buffer;
  const ssize_t size = ::recv(fd, buffer.data(), buffer.size(), 0);
  if (size <= 0) return Close(fd);
  out_.clear();
  const char* const end = buffer.data() + size;
  for (const char* at = buffer.data(); at != end; ++at) {
    const void* const found = std::memchr(at, '\n', static_cast<size_t>(end - at));
    if (found == nullptr) break;
    out_ += answer_;
    at = static_cast<const char*>(found);
  }
  if (!out_.empty() && !Flush(fd, out_)) Close(fd);
}

void Server::Run() {
  epoll_ = ::epoll_create1(0);
  if (!Listen()) {
    std::fprintf(stderr, "rat_floor: cannot listen on port %u: %s\n", unsigned{options_.port},
                 std::strerror(errno));
    return;
  }
  Watch(listener_, EPOLL_CTL_ADD, EPOLLIN);
  std::array<epoll_event, 256> events;
  for (;;) {
    const int count = ::epoll_wait(epoll_, events.data(), events.size(), -1);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<size_t>(i)];
      if (event.data.fd == listener_) {
        Accept();
      } else {
        Serve(event.data.fd, event.events);
      }
    }
  }
}

}  // namespace
}  // namespace rat_memcache::do_nothing

int main(int count, char** arguments) {
  rat_memcache::do_nothing::Options options;
  if (!rat_memcache::do_nothing::ParseOptions(count, arguments, &options)) {
    std::fputs(
        "Usage: rat_floor --port N [--value-size BYTES] [--key-size BYTES] [--values-per-line N]\n",
        stderr);
    return 64;
  }
  rat_memcache::do_nothing::Server(options).Run();
  return 1;
}
