//! A real `redis-server` of a test's own: on a free port of the loopback, without a disk, stopped, killed, emptied and started
//! again as its test wants it.

use std::{
    fs,
    io::{self, BufRead, BufReader},
    net::TcpListener,
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
    thread,
    time::Duration,
};

use pem::Pem;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tokio::time::{sleep, timeout};

/// Starts what its arguments name, says which process that is, and kills it as soon as nobody holds the other end of its standard
/// input: also where the tests are killed themselves.
const LEASHED: &str = r#""$0" "$@" </dev/null & echo $!; read -r _; kill -s KILL 0"#;

/// The password of a store that has one.
pub(crate) const PASSWORD: &str = "planted-store-password";

/// How long a test waits for what a store is about to do.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running store, which ends with its test.
pub(crate) struct Redis {
    port: u16,
    options: Vec<String>,
    /// Its certificates, where it speaks TLS.
    tls: Option<Tls>,
    has_password: bool,
    folder: PathBuf,
    running: Running,
}

/// A process of the store, in a process group of its own.
struct Running {
    shell: Child,
    pid: String,
}

impl Running {
    /// Starts it; `None` where it ends at once, as it does where its port has been taken.
    fn start(arguments: &[String]) -> Option<Self> {
        let mut shell = Command::new("/bin/sh")
            .args(["-c", LEASHED, "redis-server"])
            .args(arguments)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(shell.stdout.take().unwrap());
        let mut pid = String::new();
        log.read_line(&mut pid).unwrap();
        let pid = pid.trim().to_owned();
        let running = Self { shell, pid };
        accepts(log, &running.pid).then_some(running)
    }

    fn signal(&self, name: &str) {
        let mut kill = Command::new("kill");
        let killed = kill.args(["-s", name, &self.pid]).status();
        assert!(killed.unwrap().success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        // It dies by its own signal.
        let _ = self.shell.wait();
    }
}

/// Reads the log until the process accepts connections, and the rest of it in the background.
fn accepts(mut log: BufReader<ChildStdout>, pid: &str) -> bool {
    let mut said = String::new();
    loop {
        let mut line = String::new();
        // The shell holds the pipe, too, so that the log does not end with the process.
        if log.read_line(&mut line).unwrap() == 0 || line.contains("exiting now") {
            return false;
        }
        if line.contains("Address already in use") {
            return false;
        }
        said.push_str(&line);
        assert!(
            !line.contains("FATAL CONFIG"),
            "redis-server {pid} says: {said}"
        );
        if line.contains("Ready to accept connections") || line.contains("+monitor master") {
            thread::spawn(move || io::copy(&mut log, &mut io::sink()));
            return true;
        }
    }
}

impl Redis {
    /// A store without a password.
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    /// A store with further options of `redis-server`, such as `["--maxmemory", "5mb"]`.
    pub(crate) fn with(options: &[&str]) -> Self {
        Self::start_as(options, None, false)
    }

    /// A store that wants a password.
    pub(crate) fn with_password() -> Self {
        Self::start_as(&["--requirepass", PASSWORD], None, true)
    }

    /// A store that speaks TLS alone, and wants a password.
    pub(crate) fn with_tls() -> Self {
        let options = ["--requirepass", PASSWORD, "--tls-auth-clients", "no"];
        Self::start_as(&options, Some(Tls::new()), true)
    }

    /// A store that speaks TLS alone, and lets nobody in without a certificate.
    pub(crate) fn with_client_certificates() -> Self {
        Self::start_as(&["--tls-auth-clients", "yes"], Some(Tls::new()), false)
    }

    fn start_as(options: &[&str], tls: Option<Tls>, has_password: bool) -> Self {
        let options: Vec<String> = options.iter().copied().map(str::to_owned).collect();
        loop {
            let port = free_port();
            let folder = folder(&format!("redis-{port}"));
            let all = arguments(port, &folder, tls.as_ref(), &options);
            // Somebody else may have taken the port since.
            if let Some(running) = Running::start(&all) {
                return Self {
                    port,
                    options,
                    tls,
                    has_password,
                    folder,
                    running,
                };
            }
        }
    }

    /// What `SHARED_STATE_URL` is for it.
    pub(crate) fn url(&self) -> String {
        let scheme = if self.tls.is_some() {
            "rediss"
        } else {
            "redis"
        };
        let login = if self.has_password {
            format!(":{PASSWORD}@")
        } else {
            String::new()
        };
        format!("{scheme}://{login}127.0.0.1:{}", self.port)
    }

    /// Its port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Its certificates, and those of a client.
    pub(crate) fn tls(&self) -> &Tls {
        self.tls.as_ref().unwrap()
    }

    /// Runs a command with `redis-cli`; what it says.
    pub(crate) fn command(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("redis-cli");
        command.args(["-e", "-h", "127.0.0.1", "-p", &self.port.to_string()]);
        if self.has_password {
            command.env("REDISCLI_AUTH", PASSWORD);
        }
        if let Some(tls) = &self.tls {
            command.args(["--tls", "--cacert", &tls.authority]);
            command.args(["--cert", &tls.certificate, "--key", &tls.key]);
        }
        let output = command.args(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{arguments:?}: {said}");
        said.trim_end().to_owned()
    }

    /// All names of entries.
    pub(crate) fn names(&self) -> Vec<String> {
        let names = self.command(&["--scan"]);
        names.lines().map(str::to_owned).collect()
    }

    /// Everything that it holds: names and values, and the fields of those that have some.
    pub(crate) fn contents(&self) -> String {
        self.command(&["EVAL", CONTENTS, "0"])
    }

    /// How many entries would be kept for ever.
    pub(crate) fn endless(&self) -> u64 {
        self.command(&["EVAL", ENDLESS, "0"]).parse().unwrap()
    }

    /// Has every value begin with another digit, as if a replica of another version had written it. How many there are.
    pub(crate) fn rewrite_formats(&self) -> u64 {
        self.command(&["EVAL", REWRITE, "0"]).parse().unwrap()
    }

    /// How often a command has been run, as Redis itself counts it.
    pub(crate) fn calls(&self, command: &str) -> u64 {
        let stats = self.command(&["INFO", "commandstats"]);
        let name = format!("cmdstat_{command}:calls=");
        let calls = stats.lines().find_map(|line| line.strip_prefix(&name));
        let calls = calls.and_then(|calls| calls.split(',').next());
        calls.map_or(0, |calls| calls.parse().unwrap())
    }

    /// Forgets all entries and all scripts, as a restart without a disk does, while connections stay.
    pub(crate) fn flush(&self) {
        self.command(&["FLUSHALL"]);
        self.command(&["SCRIPT", "FLUSH"]);
    }

    /// Has it answer nothing until it goes on; connections stay.
    pub(crate) fn stop(&self) {
        self.running.signal("STOP");
    }

    /// Has it go on with what it had.
    pub(crate) fn go_on(&self) {
        self.running.signal("CONT");
    }

    /// Kills it, and starts it on the same port with nothing in it when `meanwhile` has ended.
    pub(crate) async fn without(&mut self, meanwhile: impl Future<Output = ()>) {
        self.running.signal("KILL");
        meanwhile.await;
        let all = arguments(self.port, &self.folder, self.tls.as_ref(), &self.options);
        let running = async {
            loop {
                if let Some(running) = Running::start(&all) {
                    return running;
                }
                sleep(Duration::from_millis(50)).await;
            }
        };
        self.running = timeout(PATIENCE, running).await.unwrap();
    }
}

/// All names, and what is behind them.
const CONTENTS: &str = "
local all = {}
for _, name in ipairs(redis.call('KEYS', '*')) do
    all[#all + 1] = name
    local kind = redis.call('TYPE', name).ok
    if kind == 'string' then
        all[#all + 1] = redis.call('GET', name)
    elseif kind == 'hash' then
        for _, part in ipairs(redis.call('HGETALL', name)) do all[#all + 1] = part end
    else
        error('a kind of entry that nobody looks into: ' .. kind)
    end
end
return all";

/// How many entries have no expiry.
const ENDLESS: &str = "
local endless = 0
for _, name in ipairs(redis.call('KEYS', '*')) do
    if redis.call('PTTL', name) < 0 then endless = endless + 1 end
end
return endless";

/// Gives each value another first byte: that of its format's version.
const REWRITE: &str = "
local rewritten = 0
local function other(value) return '9' .. string.sub(value, 2) end
for _, name in ipairs(redis.call('KEYS', '*')) do
    if redis.call('TYPE', name).ok == 'string' then
        redis.call('SET', name, other(redis.call('GET', name)), 'KEEPTTL')
    else
        for _, field in ipairs(redis.call('HKEYS', name)) do
            redis.call('HSET', name, field, other(redis.call('HGET', name, field)))
        end
    end
    rewritten = rewritten + 1
end
return rewritten";

impl Drop for Redis {
    fn drop(&mut self) {
        // It writes nothing there.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// A new folder for a process.
fn folder(name: &str) -> PathBuf {
    let target = option_env!("CARGO_TARGET_TMPDIR").map(PathBuf::from);
    let folder = target.unwrap_or_else(std::env::temp_dir).join(name);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn arguments(
    port: u16,
    folder: &std::path::Path,
    tls: Option<&Tls>,
    options: &[String],
) -> Vec<String> {
    let (port, folder) = (port.to_string(), folder.to_str().unwrap());
    let mut all = vec![
        "--bind",
        "127.0.0.1",
        "--dir",
        folder,
        "--save",
        "",
        "--appendonly",
        "no",
    ];
    match tls {
        None => all.extend(["--port", &port]),
        Some(tls) => all.extend([
            "--port",
            "0",
            "--tls-port",
            &port,
            "--tls-cert-file",
            &tls.certificate,
            "--tls-key-file",
            &tls.key,
            "--tls-ca-cert-file",
            &tls.authority,
        ]),
    }
    all.extend(options.iter().map(String::as_str));
    all.into_iter().map(str::to_owned).collect()
}

/// Files with certificates that one authority has signed: the server's and a client's are the same.
pub(crate) struct Tls {
    pub(crate) authority: String,
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Tls {
    /// New ones, for the loopback.
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // A certificate of the same name would count as one that has signed itself.
        let name = &mut params.distinguished_name;
        name.push(DnType::CommonName, "authority");
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &authority).unwrap();
        let folder = folder(&format!("redis-tls-{}", free_port()));
        let file = |name: &str, kind: &str, content: &[u8]| {
            let path = folder.join(name);
            fs::write(&path, pem::encode(&Pem::new(kind, content))).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let signer: &rcgen::Certificate = authority.as_ref();
        Self {
            authority: file("ca.pem", "CERTIFICATE", signer.der()),
            certificate: file("server.pem", "CERTIFICATE", certificate.der()),
            key: file("server.key", "PRIVATE KEY", &key.serialize_der()),
        }
    }
}

/// Servers that are one store.
pub(crate) struct Cluster(Vec<Redis>);

impl Cluster {
    /// Three servers, each with a third of the slots.
    pub(crate) async fn start() -> Self {
        let options = ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"];
        let servers: Vec<Redis> = (0..3).map(|_| Redis::with(&options)).collect();
        for (server, slots) in
            servers
                .iter()
                .zip([["0", "5461"], ["5462", "10922"], ["10923", "16383"]])
        {
            server.command(&["CLUSTER", "ADDSLOTSRANGE", slots[0], slots[1]]);
            let first = servers[0].port().to_string();
            server.command(&["CLUSTER", "MEET", "127.0.0.1", &first]);
        }
        let is_whole = |server: &Redis| {
            let info = server.command(&["CLUSTER", "INFO"]);
            info.contains("cluster_state:ok") && info.contains("cluster_slots_ok:16384")
        };
        let whole = async {
            while !servers.iter().all(is_whole) {
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(PATIENCE, whole).await.unwrap();
        Self(servers)
    }

    /// What `SHARED_STATE_URL` is for it.
    pub(crate) fn url(&self) -> String {
        let [first, second, _] = [0, 1, 2].map(|server| self.0[server].port());
        format!("redis-cluster://127.0.0.1:{first}/?node=127.0.0.1:{second}")
    }

    /// All names of entries, on whichever server they are.
    pub(crate) fn names(&self) -> Vec<String> {
        self.0.iter().flat_map(Redis::names).collect()
    }
}

/// A sentinel that watches a server.
pub(crate) struct Sentinel {
    port: u16,
    _running: Running,
}

impl Sentinel {
    /// One that knows `server` as `mymaster`.
    pub(crate) fn of(server: &Redis) -> Self {
        loop {
            let port = free_port();
            let file = folder(&format!("sentinel-{port}")).join("sentinel.conf");
            let content = format!(
                "bind 127.0.0.1\nport {port}\nsentinel monitor mymaster 127.0.0.1 {} 1\n",
                server.port()
            );
            fs::write(&file, content).unwrap();
            let arguments = [file.to_str().unwrap(), "--sentinel"].map(str::to_owned);
            if let Some(running) = Running::start(&arguments) {
                return Self {
                    port,
                    _running: running,
                };
            }
        }
    }

    /// What `SHARED_STATE_URL` is for the server that it watches.
    pub(crate) fn url(&self) -> String {
        format!(
            "redis-sentinel://127.0.0.1:{}/?sentinelServiceName=mymaster",
            self.port
        )
    }
}
