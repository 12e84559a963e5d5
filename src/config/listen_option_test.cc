// SPDX-License-Identifier: LGPL-3.0-or-later
#include "config/listen_option.h"

#include "config/command_line_for_test.h"

namespace rat_memcache::config {
namespace {

using Tls = ListenAddress::Tls;

ListenAddress One(const std::string& text) {
  // With TLS, so that its prefixes are allowed.
  const auto options = Options({"-Z", "-o", "ssl_chain_cert=c,ssl_key=k", "-l", text});
  EXPECT_EQ(options.listen.size(), 1u) << text;
  return options.listen.empty() ? ListenAddress{} : options.listen[0];
}

TEST(ListenOption, ReadsAddresses) {
  const ServerOptions options = Options("--bind 0.0.0.0:11212,[::1]:5;localhost -l * --bind :7");
  ASSERT_EQ(options.listen.size(), 5u);
  EXPECT_EQ(options.listen[0].host, "0.0.0.0");
  EXPECT_EQ(options.listen[0].port, 11212);
  EXPECT_EQ(options.listen[1].host, "::1");
  EXPECT_EQ(options.listen[1].port, 5);
  EXPECT_EQ(options.listen[2].host, "localhost");
  EXPECT_EQ(options.listen[2].port, std::nullopt);
  EXPECT_EQ(options.listen[3].host, "");
  EXPECT_EQ(options.listen[4].host, "");
  EXPECT_EQ(options.listen[4].port, 7);
  EXPECT_EQ(options.listen_text, "0.0.0.0:11212,[::1]:5;localhost,*,:7");
  for (const ListenAddress& address : options.listen) {
    EXPECT_EQ(address.tls, Tls::kAsConfigured);
    EXPECT_EQ(address.protocol, std::nullopt);
    EXPECT_EQ(address.tag, "");
  }
}

TEST(ListenOption, AnAddressOfIPv6NeedsBracketsForAPortOnly) {
  EXPECT_EQ(One("::1").host, "::1");
  EXPECT_EQ(One("::1").port, std::nullopt);
  EXPECT_EQ(One("[::1]").host, "::1");
  EXPECT_EQ(One("[fe80::1%eth0]:9").host, "fe80::1%eth0");
  EXPECT_EQ(One("127.0.0.1:0").port, 0) << "any free port";
}

TEST(ListenOption, EmptyItemsOfAListMeanNothing) {
  EXPECT_EQ(Options("-l ,,127.0.0.1;;::1,").listen.size(), 2u);
}

TEST(ListenOption, ReadsPrefixesForTls) {
  EXPECT_EQ(One("notls:127.0.0.1:5").tls, Tls::kNone);
  EXPECT_EQ(One("btls:127.0.0.1:5").tls, Tls::kNoClientCert);
  EXPECT_EQ(One("mtls:127.0.0.1:5").tls, Tls::kRequireClientCert);
  EXPECT_EQ(One("mtls:127.0.0.1:5").host, "127.0.0.1");
  EXPECT_EQ(One("mtls:127.0.0.1:5").port, 5);
  EXPECT_EQ(One("notls").host, "notls") << "a name like a prefix";
}

TEST(ListenOption, ReadsPrefixesForProtocols) {
  EXPECT_EQ(One("proto[ascii]:h").protocol, WireProtocol::kAscii);
  EXPECT_EQ(One("proto[binary]:h").protocol, WireProtocol::kBinary);
  EXPECT_EQ(One("proto[negotiating]:h").protocol, WireProtocol::kNegotiated);
  EXPECT_EQ(One("proto[ascii]:h").host, "h");
}

TEST(ListenOption, ReadsTags) {
  EXPECT_EQ(One("tag[abc]:h:7").tag, "abc");
  EXPECT_EQ(One("tag_abc_:h:7").tag, "abc");
  EXPECT_EQ(One("tag_a_b_:h").tag, "a_b");
  EXPECT_EQ(One("tag[12345678]:h").tag, "12345678");
  EXPECT_EQ(One("tag[abc]:h:7").port, 7);
}

TEST(ListenOption, PrefixesCombine) {
  for (const char* text :
       {"notls:proto[ascii]:tag[x]:[::1]:7", "tag_x_:proto[ascii]:notls:[::1]:7"}) {
    const ListenAddress address = One(text);
    EXPECT_EQ(address.tls, Tls::kNone);
    EXPECT_EQ(address.protocol, WireProtocol::kAscii);
    EXPECT_EQ(address.tag, "x");
    EXPECT_EQ(address.host, "::1");
    EXPECT_EQ(address.port, 7);
  }
}

TEST(ListenOption, EachAddressOfAListHasItsOwnPrefixes) {
  const ServerOptions options = Options("-l tag[a]:127.0.0.1:1,127.0.0.1:2;proto[binary]:[::1]:3");
  ASSERT_EQ(options.listen.size(), 3u);
  EXPECT_EQ(options.listen[0].tag, "a");
  EXPECT_EQ(options.listen[1].tag, "");
  EXPECT_EQ(options.listen[1].protocol, std::nullopt);
  EXPECT_EQ(options.listen[2].protocol, WireProtocol::kBinary);
}

TEST(ListenOption, Faults) {
  for (
      const Fault& fault : {
          Fault{"-l 1.2.3.4:x", 71,
                "Invalid port number: \"x\": -l '1.2.3.4:x': write ADDRESS, ADDRESS:PORT or "
                "[IPv6]:PORT, with a port from 0 to 65535"},
          Fault{"--bind 1.2.3.4:", 71,
                "Invalid port number: \"\": --bind '1.2.3.4:': write ADDRESS, ADDRESS:PORT or "
                "[IPv6]:PORT, with a port from 0 to 65535"},
          Fault{"-l 127.0.0.1:70000", 71,
                "Invalid port number: \"70000\": -l '127.0.0.1:70000': write ADDRESS, ADDRESS:PORT "
                "or [IPv6]:PORT, with a port from 0 to 65535"},
          Fault{
              "-l [::1", 71,
              "Invalid IPV6 address: -l '[::1': write [IPv6] or [IPv6]:PORT, such as [::1]:11211"},
          Fault{"-l []", 71,
                "Invalid IPV6 address: -l '[]': write [IPv6] or [IPv6]:PORT, such as [::1]:11211"},
          Fault{"-l [::1]x", 71,
                "Invalid IPV6 address: -l '[::1]x': write [IPv6] or [IPv6]:PORT, such as "
                "[::1]:11211"},
          Fault{"-l proto[foo]:h", 71,
                "Invalid protocol spec: -l 'proto[foo]:h': there are proto[ascii]:, proto[binary]: "
                "and proto[negotiating]:"},
          Fault{"-l proto[ascii:h", 71,
                "Invalid protocol spec: -l 'proto[ascii:h': write proto[ascii]:ADDRESS"},
          Fault{"-l proto[proxy]:h", 71,
                "Server not built with proxy: -l 'proto[proxy]:h': this server is a cache only; "
                "remove the address"},
          Fault{"-l tag[abcdefghi]:h", 71,
                "Listener tags must be between 1 and 8 characters: -l 'tag[abcdefghi]:h': write "
                "tag[NAME]:ADDRESS"},
          Fault{"-l tag[]:h", 71,
                "Listener tags must be between 1 and 8 characters: -l 'tag[]:h': write "
                "tag[NAME]:ADDRESS"},
          Fault{"-l tag_abc:h", 71,
                "Invalid tag in socket config: -l 'tag_abc:h': write tag[NAME]:ADDRESS or "
                "tag_NAME_:ADDRESS"},
          Fault{"-l notls:tag[a]:", 71,
                "-l 'notls:tag[a]:': there is no address; write ADDRESS or ADDRESS:PORT"},
          Fault{
              "-l notls:h", 71,
              "'notls' option is valid only when SSL is enabled; add -Z, or remove notls: from -l"},
          Fault{"-l 127.0.0.1,btls:h", 71,
                "'btls' option is valid only when SSL is enabled; add -Z, or remove btls: from -l"},
          Fault{"-l mtls:h", 71,
                "'mtls' option is valid only when SSL is enabled; add -Z, or remove mtls: from -l"},
          Fault{"-l ,", 71, "-l names no address; write 127.0.0.1, or * for all interfaces"},
          Fault{"-l unix:/tmp/x", 64,
                "-l 'unix:/tmp/x' is no address; a Unix socket is named with -s FILE"},
          Fault{"--bind /tmp/x", 64,
                "--bind '/tmp/x' is no address; a Unix socket is named with -s FILE"},
      }) {
    ExpectFault(fault);
  }
  ExpectFault({"-l", ""}, 71, "-l names no address; write 127.0.0.1, or * for all interfaces");
}

}  // namespace
}  // namespace rat_memcache::config
