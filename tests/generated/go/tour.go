// The tour of docs/examples by the Go client that OpenAPI Generator makes of the document (package chatgrow, in the folder above).
// Everything goes through the typed client, each operation at least once.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"reflect"
	"strings"
	"time"

	"example.com/salon/chatgrow"
)

var (
	api = newClient()
	ctx = withKey(os.Getenv("CHATGROW_API_KEY"))
	now = time.Now().UnixNano()
	run = fmt.Sprintf("%x", now)
	// Of its own, so that runs do not meet.
	day = fmt.Sprintf("%d-02-05", 2030+now/1000%60)
)

func newClient() *chatgrow.APIClient {
	configuration := chatgrow.NewConfiguration()
	configuration.Servers = chatgrow.ServerConfigurations{{URL: os.Getenv("CHATGROW_URL")}}
	return chatgrow.NewAPIClient(configuration)
}

func withKey(key string) context.Context {
	keys := map[string]chatgrow.APIKey{"ApiKey": {Key: key}}
	return context.WithValue(context.Background(), chatgrow.ContextAPIKeys, keys)
}

func check(condition bool, format string, values ...any) {
	if !condition {
		log.Fatalf("not as expected: "+format, values...)
	}
}

// What a request that must succeed answered.
func ok[T any](answer *T, response *http.Response, err error) *T {
	check(err == nil, "%v %+v", err, modelOf(err))
	check(response.StatusCode == http.StatusOK || response.StatusCode == http.StatusCreated, "%s", response.Status)
	return answer
}

// The client's own type of an error's body.
func modelOf(err error) any {
	problem := new(chatgrow.GenericOpenAPIError)
	if errors.As(err, &problem) {
		return problem.Model()
	}
	return nil
}

type refusal struct {
	response *http.Response
	err      error
}

// Checks a request that must be refused: `refused(request.Execute()).with(409, chatgrow.TIME_CONFLICT)`.
func refused[T any](_ *T, response *http.Response, err error) refusal {
	return refusal{response, err}
}

func (refusal refusal) with(status int, code chatgrow.ErrorCode) chatgrow.ErrorResponse {
	answer, typed := modelOf(refusal.err).(chatgrow.ErrorResponse)
	check(typed && refusal.response.StatusCode == status && answer.Error == code,
		"%v %+v, and not %d %s", refusal.err, answer, status, code)
	check(!answer.Success && answer.Message != "", "the error envelope")
	return answer
}

func customers(email string) chatgrow.Customer {
	put := chatgrow.NewPutCustomer("נועה לוי")
	put.SetPhone("050-0000000")
	customer := ok(api.CustomersAPI.PutCustomer(ctx, email).PutCustomer(*put).Execute()).Customer
	check(customer.Email == email && customer.Name == put.Name && customer.Notes.Get() == nil, "the customer as sent")
	second := chatgrow.NewCreateCustomer("second-"+email, "Second")
	ok(api.CustomersAPI.CreateCustomer(ctx).CreateCustomer(*second).Execute())
	refused(api.CustomersAPI.CreateCustomer(ctx).CreateCustomer(*second).Execute()).with(409, chatgrow.CUSTOMER_EXISTS)

	read, response, err := api.CustomersAPI.GetCustomer(ctx, email).Execute()
	check(ok(read, response, err).Customer.Id == customer.Id, "the same customer")
	// The entity tag of what was read is good for one change.
	edit := chatgrow.NewEditCustomer()
	edit.SetNotes("VIP")
	update := api.CustomersAPI.UpdateCustomer(ctx, email).EditCustomer(*edit).IfMatch(response.Header.Get("ETag"))
	customer = ok(update.Execute()).Customer
	check(customer.GetNotes() == "VIP" && customer.GetPhone() == "050-0000000", "only the notes have changed")
	refused(update.Execute()).with(412, chatgrow.VERSION_MISMATCH)

	nobody := refused(api.CustomersAPI.GetCustomer(ctx, "nobody-"+email).Execute()).with(404, chatgrow.NOT_FOUND)
	check(nobody.GetResource() == "customer", "what was not found")
	found := ok(api.CustomersAPI.ListCustomers(ctx).Email(email).Execute())
	check(found.Count == 1 && reflect.DeepEqual(found.Customers[0], customer), "the one of this address")
	check(found.GetNextCursor() == "", "the last page")
	changed := ok(api.CustomersAPI.ListCustomers(ctx).UpdatedSince(customer.UpdatedAt).Limit(500).Execute())
	listed := false
	for _, each := range changed.Customers {
		listed = listed || each.Id == customer.Id
	}
	check(listed, "the changed customer")
	return customer
}

// No field is required of every booking: a hold, for example, stands for all of them but the customer.
func booking(email, date, time string, serviceType chatgrow.ServiceType) *chatgrow.BookAppointment {
	booking := chatgrow.NewBookAppointment()
	booking.SetCustomerEmail(email)
	booking.SetDate(date)
	booking.SetTime(time)
	booking.SetServiceType(serviceType)
	return booking
}

func appointments(customer chatgrow.Customer) {
	book := api.AppointmentsAPI.BookAppointment(ctx)
	visit := booking(customer.Email, day, "10:00", chatgrow.CONSULTATION)
	visit.SetDuration(45)

	// What no type can rule out is refused by the server, with every bad field.
	bad := booking(customer.Email, "2030-02-30", "25:00", chatgrow.CONSULTATION)
	fields := []string{}
	for _, detail := range refused(book.BookAppointment(*bad).Execute()).with(400, chatgrow.VALIDATION_ERROR).Details {
		fields = append(fields, detail.Field)
	}
	check(strings.Join(fields, " ") == "date time", "both bad fields: %v", fields)

	keyed := book.BookAppointment(*visit).IdempotencyKey("tour-" + run)
	appointment := ok(keyed.Execute()).Appointment
	check(appointment.Status == chatgrow.CONFIRMED, "a confirmed appointment")
	check(appointment.ServiceType == chatgrow.CONSULTATION, "a consultation")
	check(appointment.Date.Format("2006-01-02") == day && appointment.Time == "10:00", "the slot as sent")
	check(appointment.Duration == 45 && appointment.CustomerId == customer.Id, "the length and the customer as sent")
	check(ok(keyed.Execute()).Appointment.Id == appointment.Id, "repeated with its key: the same one")
	refused(book.BookAppointment(*visit).Execute()).with(409, chatgrow.TIME_CONFLICT)
	unknown := booking("nobody-"+customer.Email, day, "12:00", chatgrow.OTHER)
	refused(book.BookAppointment(*unknown).Execute()).with(404, chatgrow.NOT_FOUND)

	move := chatgrow.NewEditAppointment()
	move.SetTime("11:00")
	move.SetNotes("moved")
	moved := ok(api.AppointmentsAPI.UpdateAppointment(ctx, appointment.Id).EditAppointment(*move).Execute()).Appointment
	check(moved.Time == "11:00" && moved.GetNotes() == "moved", "the appointment at its new time")
	second := ok(book.BookAppointment(*visit).Execute()).Appointment

	// One item a page, to see the cursor at work.
	listed := []string{}
	page := api.AppointmentsAPI.ListAppointments(ctx).CustomerEmail(customer.Email).From(day).To(day).
		Status(chatgrow.CONFIRMED).UpdatedSince(appointment.CreatedAt).Limit(1)
	for more := true; more; {
		answer := ok(page.Execute())
		for _, each := range answer.Appointments {
			listed = append(listed, each.Id)
		}
		page = page.Cursor(answer.GetNextCursor())
		more = answer.GetNextCursor() != ""
	}
	check(reflect.DeepEqual(listed, []string{second.Id, appointment.Id}), "both appointments, by time: %v", listed)

	for _, id := range listed {
		check(ok(api.AppointmentsAPI.CancelAppointment(ctx, id).Execute()).Success, "a confirmation")
		after := ok(api.AppointmentsAPI.GetAppointment(ctx, id).Execute()).Appointment
		check(after.Status == chatgrow.CANCELLED, "a cancelled appointment")
	}
	move.SetTime("12:00")
	refused(api.AppointmentsAPI.UpdateAppointment(ctx, appointment.Id).EditAppointment(*move).Execute()).
		with(409, chatgrow.APPOINTMENT_CANCELLED)
}

// Exact to the cent, there and back again: a 32-bit float would fail with all but the last.
func money() {
	for _, price := range []float64{149.9, 0.1, 999_999_999.99, 150} {
		create := chatgrow.NewCreateEvent(day, "09:00", "Money")
		create.SetPrice(price)
		event := ok(api.EventsAPI.CreateEvent(ctx).CreateEvent(*create).Execute()).Event
		check(event.GetPrice() == price, "the price of the answer: %v, and not %v", event.GetPrice(), price)
		read := ok(api.EventsAPI.GetEvent(ctx, event.Id).Execute()).Event
		check(read.GetPrice() == price, "the price read back: %v, and not %v", read.GetPrice(), price)
		// Cleared in between, so that the price after it is the one that is sent back here.
		edit := chatgrow.NewEditEvent()
		edit.SetPriceNil()
		cleared := ok(api.EventsAPI.UpdateEvent(ctx, event.Id).EditEvent(*edit).Execute()).Event
		check(cleared.Price.Get() == nil, "no price")
		edit.SetPrice(read.GetPrice())
		ok(api.EventsAPI.UpdateEvent(ctx, event.Id).EditEvent(*edit).Execute())
		again := ok(api.EventsAPI.GetEvent(ctx, event.Id).Execute()).Event
		check(again.GetPrice() == price, "the price sent back: %v, and not %v", again.GetPrice(), price)
	}
}

func events(customer chatgrow.Customer) {
	create := chatgrow.NewCreateEvent(day, "18:30", "סדנת היכרות")
	create.SetMaxParticipants(1)
	event := ok(api.EventsAPI.CreateEvent(ctx).CreateEvent(*create).Execute()).Event
	check(event.Status == chatgrow.EVENT_ACTIVE && event.CurrentParticipants == 0, "an active, empty event")
	check(event.Price.Get() == nil && event.Title == create.Title, "the event as sent")
	page := ok(api.EventsAPI.ListEvents(ctx).From(day).To(day).Status(chatgrow.EVENT_ACTIVE).Limit(500).Execute())
	listed := false
	for _, each := range page.Events {
		listed = listed || each.Id == event.Id
	}
	check(listed, "the event in the list")

	place := chatgrow.NewRegister(customer.Email)
	register := api.RegistrationsAPI.RegisterForEvent(ctx, event.Id)
	registration := ok(register.Register(*place).Execute()).Registration
	check(registration.EventId == event.Id && registration.CustomerId == customer.Id, "a registration of the customer")
	refused(register.Register(*place).Execute()).with(409, chatgrow.ALREADY_REGISTERED)
	late := chatgrow.NewRegister("second-" + customer.Email)
	refused(register.Register(*late).Execute()).with(409, chatgrow.EVENT_FULL)

	ofEvent := ok(api.RegistrationsAPI.ListRegistrations(ctx, event.Id).Execute())
	check(ofEvent.Count == 1 && ofEvent.Registrations[0].Id == registration.Id, "the event's one registration")
	ofCustomer := ok(api.RegistrationsAPI.ListCustomerRegistrations(ctx, customer.Email).Execute())
	check(ofCustomer.Count == 1 && ofCustomer.Registrations[0].Id == registration.Id, "the customer's one registration")

	one := api.RegistrationsAPI.GetRegistration(ctx, event.Id, registration.Id)
	check(ok(one.Execute()).Registration.CustomerName == customer.Name, "the registration with its customer")
	ok(api.RegistrationsAPI.CancelRegistration(ctx, event.Id, registration.Id).Execute())
	refused(one.Execute()).with(404, chatgrow.NOT_FOUND)
	after := ok(api.EventsAPI.GetEvent(ctx, event.Id).Execute()).Event
	check(after.CurrentParticipants == 0, "the place is free again")

	edit := chatgrow.NewEditEvent()
	edit.SetStatus(chatgrow.EVENT_COMPLETED)
	done := ok(api.EventsAPI.UpdateEvent(ctx, event.Id).EditEvent(*edit).Execute()).Event
	check(done.Status == chatgrow.EVENT_COMPLETED, "a completed event")
}

func payments(customer chatgrow.Customer) {
	visit := booking(customer.Email, day, "15:00", chatgrow.CONSULTATION)
	booked := ok(api.AppointmentsAPI.BookAppointment(ctx).BookAppointment(*visit).Execute()).Appointment
	record := api.PaymentsAPI.RecordPayment(ctx).RecordPayment(*chatgrow.NewRecordPayment(49.9, "ILS", "go-"+run, "cash"))
	payment := ok(record.Execute()).Payment
	check(payment.Amount == 49.9 && payment.Status == chatgrow.PAYMENT_SUCCEEDED, "the payment as sent")
	check(ok(record.Execute()).Payment.Id == payment.Id, "told again: the same one")
	listed := false
	for _, each := range ok(api.PaymentsAPI.ListPayments(ctx).NeedsAttention(true).Limit(500).Execute()).Payments {
		listed = listed || each.Id == payment.Id
	}
	check(listed, "it names no booking")
	edit := chatgrow.NewEditPayment()
	edit.SetAppointmentId(booked.Id)
	matched := ok(api.PaymentsAPI.UpdatePayment(ctx, payment.Id).EditPayment(*edit).Execute()).Payment
	check(matched.GetAppointmentId() == booked.Id && matched.Attention.Get() == nil, "matched with its booking")
	refund := chatgrow.NewRefundPayment(9.9, "go-"+run+"-refund")
	ok(api.PaymentsAPI.RecordRefund(ctx, payment.Id).RefundPayment(*refund).Execute())
	after := ok(api.PaymentsAPI.GetPayment(ctx, payment.Id).Execute()).Payment
	check(after.Refunded == 9.9, "a part is given back")
	more := chatgrow.NewRefundPayment(40.01, "go-"+run+"-more")
	refused(api.PaymentsAPI.RecordRefund(ctx, payment.Id).RefundPayment(*more).Execute()).with(409, chatgrow.REFUND_TOO_LARGE)
}

func main() {
	log.SetFlags(0)
	refused(api.CustomersAPI.ListCustomers(withKey("cg_live_wrong")).Execute()).with(401, chatgrow.AUTHENTICATION_FAILED)
	// The plus sign is legal in an address: the client must encode it.
	customer := customers("go+" + run + "@example.com")
	appointments(customer)
	money()
	events(customer)
	payments(customer)
	fmt.Println("go: the tour is done")
}
