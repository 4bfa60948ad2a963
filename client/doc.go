// Package client is a player's or a watcher's end of protocol version 1: it connects to a Plywire server, survives the loss
// of the connection without losing or repeating anything, and hands out the events of games in order.
//
//	c, err := client.Connect(ctx, client.DefaultConfig("https://play.example.com"))
//	if err != nil {
//		return err
//	}
//	defer c.Close()
//
//	id, err := c.Create(ctx, client.Terms{Rules: "chess", Seat: "white"})
//	if err != nil {
//		return err
//	}
//	game, err := c.Follow(ctx, id)
//	if err != nil {
//		return err
//	}
//	for {
//		message, err := game.Next(ctx)
//		switch {
//		case err != nil:
//			return err
//		case message.Type == "started":
//			_, err = c.Move(ctx, id, 0, "e2e4")
//		case message.Type == "ended":
//			return nil
//		}
//	}
//
// What it takes off its caller's hands:
//   - A lost connection is made again, with full-jitter exponential back-off, unless the server's close code says that it is
//     no use. The identity is kept (by the resume token, also that of a guest), every followed game goes on where it was.
//   - A node of a cluster that ends, drains or cannot be reached is left for the next one of Config.Others.
//   - A command that was not answered is sent again with the same id, and so takes effect once; so is one that was refused
//     as unavailable, after the time that the server asks for.
//   - A gap in a game's events, which the server may cause, is healed before the next event is handed out.
//
// A Client costs one goroutine, one timer and its connection: about 21 KiB when idle, of which 8 KiB are the goroutine's stack
// and 8 KiB the WebSocket library's two buffers (BenchmarkIdleClient measures it). Each followed game adds less than half a
// KiB and what waits in its queue. No goroutine is started for a command.
//
// It must not know games' rules, nor interpret an event beyond its place in the order.
package client
