# לקוחות.
customers-list = רשימת הלקוחות
customers-search = חיפוש
customers-search-label = חיפוש לפי שם, דוא״ל או טלפון
customers-search-hint = שם, דוא״ל או טלפון
customers-count = { $count ->
    [one] לקוח אחד
    [two] שני לקוחות
   *[other] { $count } לקוחות
}
customers-found = { $count ->
    [one] נמצא לקוח אחד
    [two] נמצאו שני לקוחות
   *[other] נמצאו { $count } לקוחות
}
customers-none = עדיין אין לקוחות. הוסיפו את הראשון בכפתור שלמעלה, או קבעו תור: הלקוח יתווסף יחד איתו.
customers-none-found = לא נמצאו לקוחות. נסו חלק מהשם, מכתובת הדוא״ל או ממספר הטלפון.
customers-all = לכל הלקוחות
customers-back = חזרה לרשימת הלקוחות
customer-new = לקוח חדש
customer-edit = עריכת לקוח
customer-edit-title = עריכה: { $name }
customer-since = ברשימת הלקוחות מאז { $date }
customer-book = קביעת תור
customer-known = כבר יש לקוח עם כתובת הדוא״ל הזאת.
customer-changed = פרטי הלקוח שונו בינתיים, ודבר לא נשמר. בדקו את מה שהקלדתם: שמירה עכשיו תדרוס את השינוי שנעשה בינתיים.
customer-changed-see = לפרטים המעודכנים
field-optional = { $label } (לא חובה)
visits-upcoming = תורים קרובים
visits-none-upcoming = אין תור עתידי.
visits-history = היסטוריה
visits-none-past = אין תורים קודמים.
visit-minutes = { $count ->
    [one] דקה אחת
    [two] שתי דקות
   *[other] { $count } דקות
}
