package embedded

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/rs/zerolog"
	"github.com/segmentio/kafka-go"
	"golang.org/x/sync/errgroup"
)

// KafkaConfig says what to run. Jars, Host and Dir are required.
type KafkaConfig struct {
	// Jars is the folder from [Engines.KafkaJarsOf].
	Jars string
	// Version is whose jars they are; "" means the newest. Whoever looks for the jars
	// goes by it.
	Version KafkaVersion
	// Host is the path of the binary watchglass-engine.
	Host string
	// Dir holds the data, configuration and logs. It is made if need be, for its owner
	// only, and never removed.
	Dir string
	// Brokers is how many, each in broker and controller role; 0 means 1. Internal topics
	// are replicated on all of them, up to 3.
	Brokers int
	// Properties are laid over the brokers' own.
	Properties map[string]string
	// Listeners are further ones, besides the plain one: the security protocol
	// (SSL, SASL_SSL, SASL_PLAINTEXT) by its name, in capitals. Keys, logins and
	// so on are up to Properties. For a cluster of one broker only.
	Listeners map[string]string
	// Advertised gives each broker one more listener, which tells its clients this
	// host:port, such as that of a proxy in front of [Kafka.Behind]; nil for none.
	// Brokers reach each other directly all the same.
	Advertised []string
	// Heap is the JVM's -Xmx, for each broker; "" means 512m.
	Heap string
	Log  zerolog.Logger
}

// Kafka is a running cluster. Its methods are for one goroutine at a time.
type Kafka struct {
	cfg     KafkaConfig
	java    string
	cluster string
	ports   []int // a broker's port, then its controller's, and so on; then those of Listeners, by name, and those behind Advertised
	brokers []*process
}

// StartKafka formats and runs a cluster, and returns when every broker is known to
// every other and there is a coordinator for groups; it takes about four seconds.
// ctx bounds the start only. Without Java 17 it fails with a *MissingError.
func StartKafka(ctx context.Context, cfg KafkaConfig) (*Kafka, error) {
	if cfg.Jars == "" || cfg.Host == "" || cfg.Dir == "" {
		return nil, errors.New("start kafka: Jars, Host and Dir are required")
	}
	if cfg.Brokers == 0 {
		cfg.Brokers = 1
	}
	if cfg.Brokers > 1 && len(cfg.Listeners) > 0 {
		return nil, errors.New("start kafka: Listeners are for one broker only")
	}
	if cfg.Heap == "" {
		cfg.Heap = "512m"
	}
	java, err := exec.LookPath("java")
	if err != nil {
		return nil, &MissingError{What: "Java 17, which runs Kafka,", Command: "deploy/engines/install.sh kafka", Err: err}
	}
	if cfg.Dir, err = filepath.Abs(cfg.Dir); err != nil {
		return nil, fmt.Errorf("start kafka: %w", err)
	}
	for range startTries {
		k := &Kafka{cfg: cfg, java: java, cluster: clusterID(), brokers: make([]*process, cfg.Brokers)}
		if k.ports, err = freePorts(2*cfg.Brokers + len(cfg.Listeners) + len(cfg.Advertised)); err != nil {
			return nil, fmt.Errorf("start kafka: %w", err)
		}
		if err = k.start(ctx); err == nil {
			cfg.Log.Info().Strs("brokers", k.Addrs()).Msg("kafka is up")
			return k, nil
		}
		k.kill()
		if !errors.Is(err, errPortTaken) {
			break
		}
	}
	return nil, err
}

func (k *Kafka) start(ctx context.Context) error {
	g, formatting := errgroup.WithContext(ctx)
	for i := range k.brokers {
		g.Go(func() error { return k.format(formatting, i) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for i := range k.brokers {
		if err := k.run(i); err != nil {
			return err
		}
	}
	for i, p := range k.brokers {
		if err := p.ready(ctx, func(ctx context.Context) error { return k.answers(ctx, i, len(k.brokers)) }); err != nil {
			if portTaken(p.logPath) {
				return fmt.Errorf("%w: %w", errPortTaken, err)
			}
			return err
		}
	}
	return nil
}

// format writes broker i's configuration and an empty log of its own.
func (k *Kafka) format(ctx context.Context, i int) error {
	dir := k.dir(i)
	if err := os.RemoveAll(filepath.Join(dir, "data")); err != nil { // of a try with other ports
		return fmt.Errorf("format kafka: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("format kafka: %w", err)
	}
	for name, content := range map[string]string{
		"server.properties": k.serverProperties(i),
		"log4j2.properties": log4jProperties,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			return fmt.Errorf("format kafka: %w", err)
		}
	}
	args := k.javaArgs(i, "kafka.tools.StorageTool", "format", "-t", k.cluster, "-c", filepath.Join(dir, "server.properties"))
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("format kafka: %w: %s", err, out)
	}
	return nil
}

func (k *Kafka) run(i int) error {
	args := append([]string{"run", "-stop", "TERM", "-grace", "15s", "--"},
		k.javaArgs(i, "kafka.Kafka", filepath.Join(k.dir(i), "server.properties"))...)
	p, err := startProcess(fmt.Sprintf("kafka broker %d", i), k.cfg.Host, args, nil, filepath.Join(k.dir(i), "broker.log"))
	if err != nil {
		return err
	}
	k.brokers[i] = p
	return nil
}

// answers asks broker i who is there, and who coordinates a group: __consumer_offsets
// is made at that first question, so that no test waits for it.
func (k *Kafka) answers(ctx context.Context, i, want int) error {
	transport := &kafka.Transport{
		Dial:        (&net.Dialer{}).DialContext,
		IdleTimeout: time.Second,
	}
	defer transport.CloseIdleConnections()
	addr := kafka.TCP(k.Addrs()[i])
	client := &kafka.Client{Addr: addr, Transport: transport, Timeout: 2 * time.Second}
	meta, err := client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{}})
	if err != nil {
		return err
	}
	if meta.ClusterID != k.cluster {
		return fmt.Errorf("%s is answered by another cluster", addr)
	}
	if len(meta.Brokers) < want {
		return fmt.Errorf("%s knows %d of %d brokers", addr, len(meta.Brokers), want)
	}
	found, err := client.FindCoordinator(ctx, &kafka.FindCoordinatorRequest{Addr: addr, Key: "ready", KeyType: kafka.CoordinatorKeyTypeConsumer})
	if err != nil {
		return err
	}
	return found.Error
}

// Addrs are the brokers' host:port; they stay the same through Kill and Restart.
func (k *Kafka) Addrs() []string {
	addrs := make([]string, len(k.brokers))
	for i := range k.brokers {
		addrs[i] = loopback(k.ports[2*i])
	}
	return addrs
}

// Listener is the host:port of one of the further listeners.
func (k *Kafka) Listener(name string) string {
	names := slices.Sorted(maps.Keys(k.cfg.Listeners))
	return loopback(k.ports[2*k.cfg.Brokers+slices.Index(names, name)])
}

// Behind is the host:port that whatever stands at Advertised[i] has to pass on to.
func (k *Kafka) Behind(i int) string {
	return loopback(k.ports[2*k.cfg.Brokers+len(k.cfg.Listeners)+i])
}

// Kill is kill -9 of broker i.
func (k *Kafka) Kill(i int) { k.brokers[i].kill() }

// Stop ends broker i in order: it hands its partitions over first.
func (k *Kafka) Stop(i int) { k.brokers[i].stop() }

// Restart runs broker i again after Kill or Stop, with its data, and returns when it
// answers. ctx bounds the start only.
func (k *Kafka) Restart(ctx context.Context, i int) error {
	if err := k.run(i); err != nil {
		return err
	}
	return k.brokers[i].ready(ctx, func(ctx context.Context) error { return k.answers(ctx, i, 1) })
}

// Close ends all brokers in order and waits for them. The directory stays. Brokers of
// a cluster are killed instead: the last ones would wait for a quorum that is gone.
func (k *Kafka) Close() {
	if len(k.brokers) > 1 {
		k.kill()
		return
	}
	k.brokers[0].stop()
}

func (k *Kafka) kill() {
	for _, p := range k.brokers {
		if p != nil {
			p.kill()
		}
	}
}
