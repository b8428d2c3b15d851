#include "http/server.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <latch>

#include "http/files.hpp"
#include "http/test_client.hpp"

namespace warren::http {
namespace {

using std::chrono::milliseconds;

Task<Response> echo(Request request) {
    auto body = request.path + "?" + request.query + " " + request.body;
    co_return Response::text(200, std::move(body));
}

class HttpServer : public testing::Test {
protected:
    explicit HttpServer(ServerOptions options = {}) : server(with_shards(std::move(options))) {}
    static ServerOptions with_shards(ServerOptions options) {
        if (options.shards == 0) options.shards = 4;
        return options;
    }
    void start() { ASSERT_TRUE(server.start().has_value()); }

    Server server;
};

TEST_F(HttpServer, KeepAliveAndPipelining) {
    server.route_prefix("/", echo);
    start();
    TestClient client(server.port());
    EXPECT_EQ(client.get("/a%20b?x=1").body, "/a b?x=1 ");
    client.send(
        "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nPOST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
        "POST /3 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
        "GET /4 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(client.answer().body, "/1? ");
    EXPECT_EQ(client.answer().body, "/2? abc");
    EXPECT_EQ(client.answer().body, "/3? abcde");
    const auto last = client.answer();
    EXPECT_EQ(last.body, "/4? ");
    EXPECT_NE(last.head.find("Connection: close"), std::string::npos);
    EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(HttpServer, ByteByByte) {
    server.route_prefix("/", echo);
    start();
    TestClient client(server.port());
    const std::string request = "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody";
    for (const char c : request + request)
        client.send({&c, 1});
    EXPECT_EQ(client.answer().body, "/p? body");
    EXPECT_EQ(client.answer().body, "/p? body");
}

TEST_F(HttpServer, ExactThenLongestPrefix) {
    const auto says = [](std::string text) {
        return [text](Request) -> Task<Response> { co_return Response::text(200, text); };
    };
    server.route("/a/b", says("exact"));
    server.route_prefix("/a/", says("short"));
    server.route_prefix("/a/b/", says("long"));
    start();
    TestClient client(server.port());
    EXPECT_EQ(client.get("/a/b").body, "exact");
    EXPECT_EQ(client.get("/a/b/c").body, "long");
    EXPECT_EQ(client.get("/a/z").body, "short");
    EXPECT_EQ(client.get("/").status, 404U);
}

TEST_F(HttpServer, AHandlerThatThrowsIsA500AndTheConnectionGoesOn) {
    server.route("/throws", [](Request) -> Task<Response> {
        throw std::runtime_error("no");
        co_return Response();
    });
    server.route_prefix("/", echo);
    start();
    TestClient client(server.port());
    EXPECT_EQ(client.get("/throws").status, 500U);
    EXPECT_EQ(client.get("/ok").status, 200U);
}

TEST_F(HttpServer, APortInUseIsRefused) {
    start();
    ServerOptions options;
    options.port = server.port();
    Server second(options);
    const auto started = second.start();
    ASSERT_TRUE(started.has_error());
    EXPECT_NE(started.error().message.find(std::to_string(server.port())), std::string::npos);
}

class SmallLimits : public HttpServer {
protected:
    SmallLimits() : HttpServer(limited()) { server.route_prefix("/", echo); }
    static ServerOptions limited() {
        ServerOptions options;
        options.limits.header_bytes_max = 1000;
        options.limits.body_bytes_max = 2000;
        options.limits.header_timeout = milliseconds{150};
        options.limits.body_timeout = milliseconds{150};
        options.limits.keep_alive_timeout = milliseconds{150};
        options.limits.connections_per_address_max = 3;
        return options;
    }
};

TEST_F(SmallLimits, SizesHaveTheirStatus) {
    start();
    const auto status = [&](const std::string& bytes) {
        TestClient client(server.port());
        client.send(bytes);
        return client.answer().status;
    };
    EXPECT_EQ(status("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(2000, 'x') + "\r\n\r\n"), 431U);
    EXPECT_EQ(status("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2001\r\n\r\n"), 413U);
    EXPECT_EQ(status("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n900\r\n" +
                     std::string(0x900, 'x') + "\r\n0\r\n\r\n"),
              413U);
    EXPECT_EQ(status("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\n\r\n" + std::string(2000, 'x')),
              200U);
    EXPECT_EQ(status("nonsense\r\n\r\n"), 400U);
    EXPECT_EQ(status("GET / HTTP/1.1\r\n\r\n"), 400U);  // No Host.
    EXPECT_EQ(status("GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n"), 400U);
    EXPECT_EQ(status("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"),
              400U);
}

TEST_F(SmallLimits, SlowOnesAreCutOff) {
    start();
    TestClient silent(server.port()), header(server.port()), body(server.port());
    header.send("GET / HTTP/1.1\r\nHo");
    body.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nx");
    EXPECT_EQ(header.answer().status, 408U);
    EXPECT_EQ(body.answer().status, 408U);
    silent.read_to_end();
}

TEST_F(SmallLimits, AnIdleConnectionIsClosed) {
    start();
    TestClient client(server.port());
    EXPECT_EQ(client.get("/").status, 200U);
    EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(SmallLimits, ConnectionsPerAddress) {
    start();
    TestClient a(server.port()), b(server.port()), c(server.port());
    for (auto* each : {&a, &b, &c})
        EXPECT_EQ(each->get("/").status, 200U);
    TestClient fourth(server.port());
    EXPECT_EQ(fourth.get("/").status, 0U);
    a.close();
    // The place is free as soon as the server has noticed.
    for (unsigned status = 0, tries = 0; status != 200U && tries < 1000; ++tries) {
        status = TestClient(server.port()).get("/").status;
        ASSERT_LT(tries, 999);
    }
}

TEST_F(HttpServer, FromMemoryWithEtagRangeAndGzip) {
    server.route("/f.js", memory_file(std::string(5000, 'a') + "end", media_type("f.js")));
    start();
    TestClient client(server.port());
    const auto whole = client.get("/f.js");
    EXPECT_EQ(whole.body.size(), 5003U);
    const auto at = whole.head.find("ETag: ") + 6;
    const auto etag = whole.head.substr(at, whole.head.find('\r', at) - at);
    const auto with = [&](const std::string& header, const char* method = "GET") {
        client.send(std::string(method) + " /f.js HTTP/1.1\r\nHost: x\r\n" + header + "\r\n\r\n");
        return client.answer(std::string_view(method) == "GET");
    };
    EXPECT_EQ(with("If-None-Match: " + etag).status, 304U);
    EXPECT_EQ(with("X: y", "HEAD").head.find("Content-Length: 5003") == std::string::npos, false);
    EXPECT_EQ(with("Range: bytes=-3").body, "end");
    const auto part = with("Range: bytes=0-1");
    EXPECT_EQ(part.status, 206U);
    EXPECT_EQ(part.body, "aa");
    EXPECT_NE(part.head.find("Content-Range: bytes 0-1/5003"), std::string::npos);
    EXPECT_EQ(with("Range: bytes=9000-").status, 416U);
    EXPECT_EQ(with("Range: bytes=0-1,3-4").body.size(), 5003U);
    EXPECT_EQ(with("Range: bytes=0-1\r\nIf-Range: \"other\"").status, 200U);
    const auto zipped = with("Accept-Encoding: gzip");
    EXPECT_NE(zipped.head.find("Content-Encoding: gzip"), std::string::npos);
    EXPECT_LT(zipped.body.size(), 200U);
}

TEST_F(HttpServer, AFolderAndNothingOutsideOfIt) {
    const auto root = std::filesystem::temp_directory_path() / ("warren-http-" + std::to_string(::getpid()));
    std::filesystem::create_directories(root / "site/sub");
    const auto write = [](const std::filesystem::path& path, const char* text) {
        FILE* file = std::fopen(path.c_str(), "w");
        std::fputs(text, file);
        std::fclose(file);
    };
    write(root / "site/index.html", "index");
    write(root / "site/sub/a.txt", "0123456789");
    write(root / "site/.secret", "secret");
    write(root / "secret.txt", "secret");
    std::filesystem::create_symlink(root / "secret.txt", root / "site/link.txt");
    FolderOptions options;
    options.prefix = "/s/";
    server.route_prefix("/s/", folder(root / "site", options));
    start();
    TestClient client(server.port());
    EXPECT_EQ(client.get("/s/").body, "index");
    const auto file = client.get("/s/sub/a.txt");
    EXPECT_EQ(file.body, "0123456789");
    EXPECT_NE(file.head.find("text/plain"), std::string::npos);
    client.send("GET /s/sub/a.txt HTTP/1.1\r\nHost: x\r\nRange: bytes=2-4\r\n\r\n");
    EXPECT_EQ(client.answer().body, "234");
    for (const auto* path :
         {"/s/../secret.txt", "/s/%2e%2e/secret.txt", "/s/..%2fsecret.txt", "/s/sub/../../secret.txt",
          "/s/.secret", "/s/link.txt", "/s//etc/passwd", "/s/sub", "/s/none"}) {
        const auto answer = client.get(path);
        EXPECT_EQ(answer.status, 404U) << path;
        EXPECT_EQ(answer.body.find("secret"), std::string::npos) << path;
    }
    EXPECT_EQ(client.post("/s/sub/a.txt", "x").status, 405U);
    std::filesystem::remove_all(root);
}

TEST_F(HttpServer, ARequestIsHandledOnTheShardThatItBelongsTo) {
    Route route;
    route.shard_of = [](const Request& request, std::size_t) {
        return static_cast<std::size_t>(std::stoi(*request.query_value("shard")));
    };
    route.handler = [](Request request) -> Task<Response> {
        const bool right = request.shard->is_current();
        co_return Response::text(
            200, std::to_string(right ? static_cast<int>(request.shard->index()) : -1) + request.body);
    };
    server.route("/", std::move(route));
    start();
    // With what is pipelined behind the request that moves the connection, and many a move.
    TestClient client(server.port());
    std::string requests, wanted, got;
    for (int i = 0; i < 40; ++i) {
        const auto shard = std::to_string((i * 7) % 4);
        requests.append("POST /?shard=").append(shard);
        requests.append(" HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nxy");
        wanted += shard + "xy";
    }
    client.send(requests);
    for (int i = 0; i < 40; ++i)
        got += client.answer().body;
    EXPECT_EQ(got, wanted);
}

TEST_F(HttpServer, AClientThatLeavesIsNoticedWhileItsAnswerWaits) {
    std::latch left(1);
    server.route("/wait", [&](Request request) -> Task<Response> {
        auto waiting = std::make_shared<asio::steady_timer>(request.shard->executor(), std::chrono::hours{1});
        request.exchange->when_gone([&left, waiting] {
            left.count_down();
            waiting->cancel();
        });
        request.exchange.reset();
        try {
            co_await waiting->async_wait(asio::use_awaitable);
        } catch (const std::exception&) {
        }
        co_return Response::text(200, "late");
    });
    start();
    TestClient client(server.port());
    client.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\nGET /pipelined HTTP/1.1\r\nHost: x\r\n\r\n");
    client.close();
    left.wait();
}

TEST_F(HttpServer, DrainAnswersWhatIsInProgressAndClosesTheRest) {
    std::latch asked(1);
    std::promise<void> go;
    auto gone = go.get_future().share();
    server.route("/slow", [&](Request) -> Task<Response> {
        asked.count_down();
        gone.wait();  // Blocks its shard: that is what the test wants.
        co_return Response::text(200, "done");
    });
    server.route_prefix("/", echo);
    start();
    TestClient idle(server.port()), busy(server.port());
    EXPECT_EQ(idle.get("/").status, 200U);
    busy.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
    asked.wait();
    std::thread draining([&] { server.drain(milliseconds{100}); });
    go.set_value();
    const auto answer = busy.answer();
    EXPECT_EQ(answer.body, "done");
    busy.close();
    EXPECT_EQ(idle.read_to_end(), "");
    draining.join();
    EXPECT_THROW(TestClient(server.port()), std::runtime_error);
}

}  // namespace
}  // namespace warren::http
