package embedded

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// Ports are picked below the range from which Linux takes the ports of outgoing
// connections (32768 on): while an engine is down between a kill and a restart, no
// client's connection can sit down on its port.
const lowestPort, highestPort = 15000, 32000

// freePorts finds n loopback TCP ports on which nobody listens. Somebody may take
// one before the engine does: see portTaken.
func freePorts(n int) ([]int, error) {
	var ports []int
	var held []net.Listener // so that no port is found twice
	defer func() {
		for _, l := range held {
			_ = l.Close()
		}
	}()
	for range 1000 {
		if len(ports) == n {
			return ports, nil
		}
		port := lowestPort + rand.IntN(highestPort-lowestPort)
		l, err := net.Listen("tcp4", loopback(port))
		if err != nil {
			continue
		}
		held = append(held, l)
		ports = append(ports, port)
	}
	return nil, fmt.Errorf("find %d free loopback ports between %d and %d: none after 1000 tries", n, lowestPort, highestPort)
}

func loopback(port int) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}

// startTries is how often a start is tried with other ports.
const startTries = 3
