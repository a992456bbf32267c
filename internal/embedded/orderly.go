package embedded

import (
	"io"
	"net"
	"sync"
)

// orderly passes connections on to the embedded ClickHouse and turns whatever
// end they come to into an orderly one: this build of the server aborts when a
// client resets its connection, as the kernel does for a process that is
// killed with answers unread. A server of one's own needs none of this.
type orderly struct {
	listener net.Listener
	target   string
	mu       sync.Mutex
	open     map[net.Conn]bool // nil once closed
	all      sync.WaitGroup
}

func startOrderly(listen, target string) (*orderly, error) {
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return nil, err
	}
	o := &orderly{listener: l, target: target, open: map[net.Conn]bool{}}
	o.all.Go(o.accept)
	return o, nil
}

func (o *orderly) addr() string { return o.listener.Addr().String() }

// close ends all connections and waits for what passed them on.
func (o *orderly) close() {
	_ = o.listener.Close()
	o.mu.Lock()
	for conn := range o.open {
		_ = conn.Close()
	}
	o.open = nil
	o.mu.Unlock()
	o.all.Wait()
}

func (o *orderly) accept() {
	for {
		client, err := o.listener.Accept()
		if err != nil {
			return
		}
		o.all.Go(func() { o.pass(client) })
	}
}

// hold registers a connection to be closed by close; false when it is too late.
func (o *orderly) hold(conn net.Conn) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.open == nil {
		return false
	}
	o.open[conn] = true
	return true
}

func (o *orderly) drop(conn net.Conn) {
	_ = conn.Close()
	o.mu.Lock()
	delete(o.open, conn)
	o.mu.Unlock()
}

func (o *orderly) pass(client net.Conn) {
	defer o.drop(client)
	server, err := net.Dial("tcp", o.target)
	if err != nil {
		return
	}
	defer o.drop(server)
	if !o.hold(client) || !o.hold(server) {
		return
	}
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		_, _ = io.Copy(server, client)
		_ = server.(*net.TCPConn).CloseWrite()
	}()
	if _, err := io.Copy(client, server); err != nil {
		_, _ = io.Copy(io.Discard, server) // the client is gone: let the server finish what it says
	}
	_ = client.Close()
	<-sent
}
